/** What `/sandbox/api` answers, and what it takes. Times are milliseconds since 1970. */

export interface Channel {
  id: string;
  phoneNumber: string;
  botName: string;
}

/** TO_CUSTOMER: the business wrote; FROM_CUSTOMER: the customer did. */
export type Direction = 'TO_CUSTOMER' | 'FROM_CUSTOMER';
export type Status = 'SENT' | 'DELIVERED' | 'READ' | 'FAILED';

/** A customer of the channel, and what their phone shows of the conversation. */
export interface Phone {
  waId: string;
  name: string;
  blocked: boolean;
  marketingStopped: boolean;
  unread: number;
  lastMessage: { text: string; at: number; direction: Direction; status: Status | null } | null;
}

/** How the channel treats messages and webhooks. */
export interface Controls {
  delaySeconds: number;
  copies: number;
  deliver: 'AT_ONCE' | 'BY_HAND';
  nextError: number | null;
}

export interface Header {
  kind: 'TEXT' | 'IMAGE' | 'VIDEO' | 'DOCUMENT' | 'LOCATION';
  text: string | null;
  url: string | null;
  filename: string | null;
}

/** `kind`: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, or a word of WhatsApp that the page only shows. */
export interface Button {
  index: number;
  kind: string;
  text: string;
  value: string | null;
}

export interface StoredFile {
  id: string;
  url: string;
  mimeType: string;
  filename: string | null;
}

export interface Location {
  latitude: number;
  longitude: number;
  name: string | null;
  address: string | null;
}

export interface Message {
  id: string;
  direction: Direction;
  at: number;
  kind: string;
  status: Status | null;
  failure: { code: number; title: string } | null;
  template: { name: string; language: string } | null;
  header: Header | null;
  body: string | null;
  footer: string | null;
  buttons: Button[];
  quotes: { id: string; excerpt: string } | null;
  file: StoredFile | null;
  location: Location | null;
  contact: { name: string; phone: string } | null;
  reaction: { emoji: string; of: string } | null;
  reactions: { emoji: string; direction: Direction }[];
}

/** What a customer can write. */
export type Writing = { quotes?: string | undefined } & (
  | { kind: 'text'; text: string }
  | { kind: 'button'; of: string; index: number }
  | { kind: 'reaction'; of: string; emoji: string }
  | {
      kind: 'image' | 'document' | 'audio' | 'video';
      fileId: string;
      caption?: string | undefined;
    }
  | { kind: 'location'; latitude: number; longitude: number; name?: string | undefined }
  | { kind: 'contact'; name: string; phone: string }
);

/** Somebody of the demo contract, with a fresh token. */
export interface DemoPerson {
  name: string;
  email: string;
  role: 'ADMIN' | 'AGENT';
  presence: string;
  about: string;
  token: string;
  expiresAt: number;
}
