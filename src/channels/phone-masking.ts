/** What stands for what is not shown. */
export const MASK = '•••';

const PHONE_LIKE = /\+?\d(?:[\s().-]?\d){6,}/g;

/** A sentence without the phone numbers in it. */
export function maskPhoneNumbers(text: string): string {
  return text.replace(PHONE_LIKE, MASK);
}
