import { dim, green, red } from './colours';
import { customerName } from './customer-name';
import type {
  DeskSendFragment,
  SendConfirmedSubscription,
  SendStatusChangedSubscription,
} from './operations.generated';
import type { Terminal } from './terminal';

const STEPS: Partial<Record<DeskSendFragment['status'], string>> = {
  DELIVERED: '✓✓ delivered to',
  READ: '✓✓ read by',
};
const DONE: readonly DeskSendFragment['status'][] = ['FAILED', 'CANCELED'];

/** The active messages of this person, the newest first, and what becomes of them. */
export class Sent {
  private sends = new Map<string, DeskSendFragment>();

  constructor(private readonly terminal: Terminal) {}

  /** Takes the list as it is now; says what has changed since it was last known. */
  read(sends: readonly DeskSendFragment[]): void {
    const before = this.sends;
    this.sends = new Map(sends.map((send) => [send.id, send]));
    for (const send of sends) {
      const known = before.get(send.id);
      if (known && known.status !== send.status) this.print(send);
    }
  }

  add(send: DeskSendFragment): void {
    if (this.sends.has(send.id)) return;
    this.sends = new Map([[send.id, send], ...this.sends]);
  }

  confirmed({ outcome, send }: SendConfirmedSubscription['sendConfirmed']): void {
    this.sends.set(send.id, send);
    const what = `${send.template.name} to ${customerName(send.contact)}`;
    if (outcome === 'ACCEPTED') this.terminal.print(green(`✓ WhatsApp took ${what}`));
    else this.terminal.print(this.failure(send));
  }

  /** A further step. What `sendConfirmed` tells, the first step, is left to that. */
  changed({ status, previousStatus, send }: SendStatusChangedSubscription['sendStatusChanged']): void {
    this.sends.set(send.id, send);
    // The status as it was by this step: the send may have gone further since.
    if (status in STEPS || (status === 'FAILED' && previousStatus !== 'QUEUED'))
      this.print({ ...send, status });
  }

  list(): void {
    if (this.sends.size === 0) this.terminal.print(dim('Nothing sent yet.'));
    for (const { template, contact, status, replyState } of this.sends.values()) {
      const reply = replyState === 'NONE' ? '' : `, ${replyState.toLowerCase()}`;
      this.terminal.print(`  ${template.name} to ${customerName(contact)}: ${status.toLowerCase()}${reply}`);
    }
  }

  private print(send: DeskSendFragment): void {
    const step = STEPS[send.status];
    if (step !== undefined) {
      this.terminal.print(green(`${step} ${customerName(send.contact)}: ${send.template.name}`));
    } else if (DONE.includes(send.status)) this.terminal.print(this.failure(send));
  }

  private failure({ template, contact, failure }: DeskSendFragment): string {
    return red(`✗ ${template.name} to ${customerName(contact)}: ${failure?.message ?? 'withdrawn'}`);
  }
}
