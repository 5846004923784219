import auditLog from './admin/audit-log.graphql';
import channelHealth from './admin/channel-health.graphql';
import connectSandboxNumber from './admin/connect-sandbox-number.graphql';
import createBot from './admin/create-bot.graphql';
import deadLetters from './admin/dead-letters.graphql';
import enableTemplate from './admin/enable-template.graphql';
import grantPermission from './admin/grant-permission.graphql';
import outdatedReturnFlows from './admin/outdated-return-flows.graphql';
import people from './admin/people.graphql';
import publishFlow from './admin/publish-flow.graphql';
import readiness from './admin/readiness.graphql';
import repairReturnFlows from './admin/repair-return-flows.graphql';
import settings from './admin/settings.graphql';
import {
  chooseAgent,
  chooseBot,
  chooseBotWithoutNumber,
  chooseTemplateToEnable,
  returnBlockOf,
} from './choices';
import { ready, type Group } from './ready-operation';

const someDigits = (count: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte % 10).join('');

export const ADMIN: Group = {
  title: 'Set up the desk',
  about: 'Bots, numbers, flows, templates and permissions.',
  role: 'ADMIN',
  operations: [
    ready(readiness),
    ready(people),
    ready(settings, async ({ ask }) => {
      const { id, settings: current } = await chooseBot(ask);
      return {
        input: {
          botId: id,
          enabled: current.enabled,
          directTransferEnabled: current.directTransferEnabled,
          contactSearchLocation: current.contactSearch.location,
          contactSearchFields: current.contactSearch.fields,
        },
      };
    }),
    ready(enableTemplate, async ({ ask }) => {
      const bot = await chooseBot(ask);
      const { id } = await chooseTemplateToEnable(ask, bot.id);
      return { input: { botId: bot.id, templateIds: [id], returnBlockId: returnBlockOf(bot) } };
    }),
    ready(grantPermission, async ({ ask }) => {
      const { id: botId } = await chooseBot(ask);
      const agentId = await chooseAgent(ask, botId);
      return { input: { botId, agentIds: [agentId], permission: 'SEND_ACTIVE_MESSAGES', granted: true } };
    }),
    ready(outdatedReturnFlows),
    ready(repairReturnFlows, async ({ ask }) => {
      const bot = await chooseBot(ask, ({ flow }) => (flow?.outdatedActivations.length ?? 0) > 0);
      return { input: { botId: bot.id, returnBlockId: returnBlockOf(bot) } };
    }),
    ready(publishFlow, async ({ ask }) => {
      const { id, flow } = await chooseBot(ask);
      const added = { blockId: `desk:${crypto.randomUUID()}`, title: 'Service after trying' };
      const definition: Record<string, object> = {};
      for (const { blockId, title } of [...(flow?.blocks ?? []), added])
        definition[blockId] = { id: blockId, $title: title };
      return { input: { botId: id, definition } };
    }),
    ready(createBot, () => {
      const number = someDigits(4);
      return { input: { name: `Bot ${number}`, identity: `bot${number}@example`, kind: 'BUILDER' } };
    }),
    ready(connectSandboxNumber, async ({ ask }) => {
      const { id: botId } = await chooseBotWithoutNumber(ask);
      return { input: { botId, phoneNumber: `+55 11 9${someDigits(4)}-${someDigits(4)}`, sandbox: true } };
    }),
    ready(channelHealth),
    ready(auditLog),
    ready(deadLetters),
  ],
};
