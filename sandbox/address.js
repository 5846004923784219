// @ts-check
import { useEffect, useState } from './htm.js';

/** What the address names after `#`: `channel`, or `channel/customer`. */
function read() {
  const [channelId, waId] = location.hash.slice(1).split('/');
  return { channelId: channelId || null, waId: waId || null };
}

/** The number and the customer shown are part of the address: a reload, a second window or Back finds them again. */
export function useAddress() {
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const follow = () => setPlace(read());
    addEventListener('hashchange', follow);
    addEventListener('popstate', follow);
    return () => {
      removeEventListener('hashchange', follow);
      removeEventListener('popstate', follow);
    };
  }, []);
  /**
   * @param {string} channelId
   * @param {string | null} waId
   * @param {boolean} [quietly] without a step for Back
   */
  const go = (channelId, waId, quietly = false) => {
    const hash = `#${[channelId, waId].filter((part) => part !== null).join('/')}`;
    if (quietly) history.replaceState(null, '', hash);
    else if (hash !== location.hash) history.pushState(null, '', hash);
    setPlace(read());
  };
  return { ...place, go };
}
