import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keeps secrets readable by this server alone: AES-256-GCM, bound to what they belong to. */
export class SecretBox {
  /** @param key 32 bytes: SECRETS_KEY. */
  constructor(private readonly key: Buffer) {}

  /** @param owner the id of the row that the secret is kept in: another row's secret cannot be put in its place. */
  seal(secret: object, owner: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(secret), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws Error where it was sealed with another key or for another owner. */
  open(sealed: string, owner: string): unknown {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, NONCE_BYTES)).setAAD(
      Buffer.from(owner),
    );
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const text = Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      return JSON.parse(text.toString('utf8'));
    } catch (cause) {
      throw new Error(
        `The secrets of ${owner} cannot be read: SECRETS_KEY is not the one they were stored with`,
        { cause },
      );
    }
  }
}
