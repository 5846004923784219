// @ts-check
import { parsed } from './json.js';

/** @import { Channel, Controls, DemoPerson, Message, Phone, Writing } from './wire' */

/** What the server did not do, and why. `status` is HTTP's; 0: the server was not reached. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<Response>} an answer of success
 * @throws {Refusal}
 */
export async function ask(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Refusal(0, 'The server cannot be reached. Is it still running?');
  }
  if (response.ok) return response;
  const text = await response.text();
  throw new Refusal(response.status, messageOf(text) ?? `The server answered ${response.status}.`);
}

/** @param {string} text */
function messageOf(text) {
  try {
    const body = /** @type {{ errors?: { message?: string }[] }} */ (parsed(text));
    return body.errors?.[0]?.message ?? null;
  } catch (error) {
    // A proxy's page, say: it has nothing to tell that the status does not.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @returns {Promise<DemoPerson[]>} the people of the demo contract; none where there is no demo here */
export async function demoPeople() {
  try {
    const response = await ask('/demo/people', {});
    return /** @type {{ people: DemoPerson[] }} */ (parsed(await response.text())).people;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return [];
    throw error;
  }
}

/** `/sandbox/api`, as one signed-in person. Every call throws {@link Refusal} where the server did not do it. */
export class SandboxServer {
  /** @param {string} token */
  constructor(token) {
    this.token = token;
  }

  /**
   * @param {string} path below `/sandbox/api`
   * @param {RequestInit & { headers?: Record<string, string> }} [request]
   */
  #ask(path, request = {}) {
    const headers = { ...request.headers, authorization: `Bearer ${this.token}` };
    return ask(`/sandbox/api${path}`, { ...request, headers });
  }

  /**
   * @param {string} path
   * @returns {Promise<unknown>}
   */
  async #get(path) {
    const response = await this.#ask(path);
    return parsed(await response.text());
  }

  /**
   * @param {'POST' | 'PATCH'} method
   * @param {string} path
   * @param {object} body
   * @returns {Promise<unknown>}
   */
  async #send(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    const response = await this.#ask(path, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    return text === '' ? null : parsed(text);
  }

  async channels() {
    return /** @type {{ channels: Channel[] }} */ (await this.#get('/channels')).channels;
  }

  /** @param {string} channelId */
  async phones(channelId) {
    const answer = await this.#get(`/channels/${channelId}/phones`);
    return /** @type {{ phones: Phone[], controls: Controls }} */ (answer);
  }

  /**
   * @param {string} channelId
   * @param {{ phone: string, name: string }} customer
   */
  async addPhone(channelId, customer) {
    const answer = await this.#send('POST', `/channels/${channelId}/phones`, customer);
    return /** @type {{ phone: Phone }} */ (answer).phone;
  }

  /**
   * @param {string} channelId
   * @param {string} waId
   * @param {{ name?: string, blocked?: boolean, marketingStopped?: boolean }} change
   */
  async changePhone(channelId, waId, change) {
    const answer = await this.#send('PATCH', `/channels/${channelId}/phones/${waId}`, change);
    return /** @type {{ phone: Phone }} */ (answer).phone;
  }

  /**
   * @param {string} channelId
   * @param {string} waId
   */
  async messages(channelId, waId) {
    const answer = await this.#get(`/channels/${channelId}/phones/${waId}/messages`);
    return /** @type {{ phone: Phone, messages: Message[] }} */ (answer);
  }

  /**
   * The customer writes.
   * @param {string} channelId
   * @param {string} waId
   * @param {Writing} writing
   */
  async write(channelId, waId, writing) {
    const answer = await this.#send('POST', `/channels/${channelId}/phones/${waId}/messages`, writing);
    return /** @type {{ message: Message }} */ (answer).message;
  }

  /**
   * @param {string} channelId
   * @param {File} file
   * @returns {Promise<string>} its id, to be sent in a message
   */
  async upload(channelId, file) {
    const response = await this.#ask(`/channels/${channelId}/files`, {
      method: 'POST',
      headers: {
        'content-type': file.type || 'application/octet-stream',
        'x-filename': encodeURIComponent(file.name),
      },
      body: file,
    });
    return /** @type {{ fileId: string }} */ (parsed(await response.text())).fileId;
  }

  /**
   * The bytes of a message's file.
   * @param {string} url as the message names it
   */
  async download(url) {
    const response = await ask(url, { headers: { authorization: `Bearer ${this.token}` } });
    return response.blob();
  }

  /**
   * @param {string} channelId
   * @param {string} waId
   */
  read(channelId, waId) {
    return this.#send('POST', `/channels/${channelId}/phones/${waId}/read`, {});
  }

  /**
   * @param {string} channelId
   * @param {string} messageId
   */
  deliver(channelId, messageId) {
    return this.#send('POST', `/channels/${channelId}/messages/${encodeURIComponent(messageId)}/deliver`, {});
  }

  /**
   * @param {string} channelId
   * @param {string} messageId
   * @param {number} code
   */
  fail(channelId, messageId, code) {
    return this.#send('POST', `/channels/${channelId}/messages/${encodeURIComponent(messageId)}/fail`, {
      code,
    });
  }

  /**
   * @param {string} channelId
   * @param {Partial<Controls>} change
   */
  async changeControls(channelId, change) {
    const answer = await this.#send('PATCH', `/channels/${channelId}/controls`, change);
    return /** @type {{ controls: Controls }} */ (answer).controls;
  }

  /**
   * Opens the stream that tells of every change.
   * @param {string} channelId
   * @param {AbortSignal} signal
   */
  live(channelId, signal) {
    return this.#ask(`/channels/${channelId}/live`, { signal, headers: { accept: 'text/event-stream' } });
  }
}
