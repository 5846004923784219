import acceptTicket from './agent/accept-ticket.graphql';
import answerTicket from './agent/answer-ticket.graphql';
import checkSend from './agent/check-send.graphql';
import closeTicket from './agent/close-ticket.graphql';
import goOnline from './agent/go-online.graphql';
import mySends from './agent/my-sends.graphql';
import myTickets from './agent/my-tickets.graphql';
import searchContacts from './agent/search-contacts.graphql';
import sendActiveMessage from './agent/send-active-message.graphql';
import whatCanISend from './agent/what-can-i-send.graphql';
import { chooseBot, chooseMessage, chooseOngoingTicket, chooseWaitingTicket } from './choices';
import { ready, type Group } from './ready-operation';

export const AGENT: Group = {
  title: 'Send and answer',
  about: 'An agent’s day: come to the desk, send, answer, close.',
  role: 'AGENT',
  operations: [
    ready(goOnline),
    ready(whatCanISend),
    ready(searchContacts, async ({ ask }) => ({ botId: (await chooseBot(ask)).id, search: 'a' })),
    ready(checkSend, async ({ ask }) => ({ input: await chooseMessage(ask) })),
    ready(sendActiveMessage, async ({ ask }) => ({
      input: { ...(await chooseMessage(ask)), idempotencyKey: crypto.randomUUID() },
    })),
    ready(mySends),
    ready(myTickets),
    ready(acceptTicket, async ({ ask }) => ({ input: { ticketId: await chooseWaitingTicket(ask) } })),
    ready(answerTicket, async ({ ask }) => ({
      input: {
        ticketId: await chooseOngoingTicket(ask),
        text: 'Thank you for your answer! I am looking into it.',
        idempotencyKey: crypto.randomUUID(),
      },
    })),
    ready(closeTicket, async ({ ask }) => ({ input: { ticketId: await chooseOngoingTicket(ask) } })),
  ],
};
