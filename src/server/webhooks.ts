import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isSignatureValid, verificationChallenge } from '../channels/cloud-api/signature';
import { kindOfId } from '../entities/ids';
import { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { credentialsOf } from '../services/desk/channels';
import type { Platform } from '../services/context';
import { Intake } from '../services/inbox/intake';

const PATH = '/webhooks/whatsapp/:channelId';
/** The provider's bodies have up to 3 MB. */
const LARGEST_BODY = 3 * 1_048_576;

interface Named {
  Params: { channelId: string };
}

const CODES = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 404: 'NOT_FOUND' } as const;

function refuse(reply: FastifyReply, status: keyof typeof CODES, message: string): FastifyReply {
  return reply.code(status).send({ errors: [{ message, extensions: { code: CODES[status] } }] });
}

const noSuchChannel = (reply: FastifyReply): FastifyReply =>
  refuse(reply, 404, 'There is no number behind this address: take the `webhookUrl` of a connected channel.');

/** The number that a webhook's address names, whatever its contract: its signature says whether the caller is who it must be. */
async function channelOf(platform: Platform, id: string): Promise<WhatsAppChannelRow | null> {
  if (kindOfId(id) !== 'WhatsAppChannel') return null;
  const channel = await platform.store.acrossContracts().byId(WhatsAppChannelRow, id);
  return channel?.disconnectedAt === null ? channel : null;
}

async function verify(
  platform: Platform,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const channel = await channelOf(platform, request.params.channelId);
  if (!channel) return noSuchChannel(reply);
  const query = request.query as Record<string, unknown>;
  const challenge = verificationChallenge(
    { mode: query['hub.mode'], verifyToken: query['hub.verify_token'], challenge: query['hub.challenge'] },
    credentialsOf(platform, channel).verifyToken,
  );
  if (challenge === null) {
    return refuse(reply, 403, 'The verify token is not the one that this channel was connected with.');
  }
  return reply.type('text/plain; charset=utf-8').send(challenge);
}

async function receive(
  platform: Platform,
  intake: Intake,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const channel = await channelOf(platform, request.params.channelId);
  if (!channel) return noSuchChannel(reply);
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { appSecret } = credentialsOf(platform, channel);
  if (!isSignatureValid(raw, request.headers['x-hub-signature-256'], appSecret)) {
    return refuse(
      reply,
      401,
      "X-Hub-Signature-256 is missing, or is not the HMAC-SHA256 of this body with the channel's app secret.",
    );
  }
  // Answered with 200 only once it is committed: what is not is delivered again.
  await intake.accept(channel, raw.toString('utf8'));
  return reply.code(200).send();
}

/** The doors at which the provider delivers. */
export async function serveWebhooks(app: FastifyInstance, platform: Platform): Promise<void> {
  const intake = new Intake(platform);
  await app.register((scope, _options, done) => {
    // The signature is over the bytes as they came, so that nothing may parse them before.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: LARGEST_BODY },
      (_request, body, parsed) => parsed(null, body),
    );
    const config = { rateLimit: false } as const;
    scope.get<Named>(PATH, { config, exposeHeadRoute: false }, (request, reply) =>
      verify(platform, request, reply),
    );
    scope.post<Named>(PATH, { config, bodyLimit: LARGEST_BODY }, (request, reply) =>
      receive(platform, intake, request, reply),
    );
    done();
  });
}
