// What the limits have in common: one join, and its rows as JSON that is put together by hand.
export const JOINED = `
  select s.id, s.status, s.created_at, t.id as template_id, t.name as template_name, a.id as agent_id, a.name as agent_name,
    c.id as contact_id, c.name as contact_name, c.phone as contact_phone, b.id as bot_id, b.name as bot_name
  from sends s join templates t on t.id = s.template_id join agents a on a.id = s.agent_id
    join contacts c on c.id = s.contact_id join bots b on b.id = s.bot_id`;
const text = JSON.stringify;
export const named = (id, name) => `{"id":"${id}","name":${text(name)}}`;

export const sendText = (row, createdAt, withBot) =>
  `{"id":"${row.id}","status":"${row.status}","createdAt":"${createdAt}",` +
  `"template":${named(row.template_id, row.template_name)},"agent":${named(row.agent_id, row.agent_name)},` +
  `"contact":{"id":"${row.contact_id}","name":${text(row.contact_name)},"phone":${text(row.contact_phone)}}` +
  `${withBot ? `,"bot":${named(row.bot_id, row.bot_name)}` : ''}}`;
