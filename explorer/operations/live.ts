import channels from './live/channels.graphql';
import confirmations from './live/confirmations.graphql';
import messages from './live/messages.graphql';
import outdatedFlows from './live/outdated-flows.graphql';
import presence from './live/presence.graphql';
import replies from './live/replies.graphql';
import resume from './live/resume.graphql';
import sendSteps from './live/send-steps.graphql';
import tickets from './live/tickets.graphql';
import { chooseCursor } from './choices';
import { ready, type Group } from './ready-operation';

export const LIVE: Group = {
  title: 'Watch live',
  about: 'Subscriptions. They resume by themselves when the connection breaks.',
  role: null,
  operations: [
    ready(sendSteps),
    ready(replies),
    ready(tickets),
    ready(messages),
    ready(confirmations),
    ready(presence),
    ready(outdatedFlows),
    ready(channels),
    ready(resume, async (opening) => ({ after: await chooseCursor(opening) })),
  ],
};
