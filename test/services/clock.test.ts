import { EvenTime, systemClock } from '../../src/clock';
import { TestClock } from '../kit/clock';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the machine’s own clock', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each([30 * DAY, 365 * DAY])('waits %d ms, longer than a timer of Node.js can', (delay) => {
    const work = jest.fn();
    systemClock.after(delay, work);
    jest.advanceTimersByTime(delay - 1);
    expect(work).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2 * delay);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it.each([0, -1, -30 * DAY, Number.NEGATIVE_INFINITY])(
    'does what was due %d ms from now at once',
    (delay) => {
      const work = jest.fn();
      systemClock.after(delay, work);
      jest.advanceTimersByTime(0);
      expect(work).toHaveBeenCalledTimes(1);
    },
  );

  it('waits for ever without end where it is told so, and takes that back', () => {
    const work = jest.fn();
    const cancel = systemClock.after(Number.POSITIVE_INFINITY, work);
    jest.advanceTimersByTime(365 * DAY);
    expect(jest.getTimerCount()).toBe(1);
    cancel();
    expect(jest.getTimerCount()).toBe(0);
    expect(work).not.toHaveBeenCalled();
  });

  it('takes back what has waited through several timers', () => {
    const work = jest.fn();
    const cancel = systemClock.after(100 * DAY, work);
    jest.advanceTimersByTime(60 * DAY);
    cancel();
    jest.advanceTimersByTime(100 * DAY);
    expect(work).not.toHaveBeenCalled();
  });
});

describe('time that goes on evenly', () => {
  it('begins anew when the clock is set forth or back, and not when time goes by', () => {
    const clock = new TestClock();
    clock.freeze();
    const evenTime = new EvenTime(clock);
    const start = clock.now();
    clock.advance(3 * DAY);
    expect(evenTime.since()).toBe(start);
    clock.jump(-HOUR);
    expect(evenTime.since()).toBe(start + 3 * DAY - HOUR);
    clock.advance(HOUR);
    expect(evenTime.since()).toBe(start + 3 * DAY - HOUR);
    clock.jump(HOUR);
    expect(evenTime.since()).toBe(clock.now());
  });

  it('takes the small corrections of a clock that is kept right for nothing', () => {
    const clock = new TestClock();
    clock.freeze();
    const evenTime = new EvenTime(clock);
    const start = clock.now();
    for (let day = 0; day < 100; day += 1) {
      clock.jump(-1_000);
      expect(evenTime.since()).toBe(start);
    }
  });
});
