import { createProviderDouble, PROVIDER_TOKEN } from '../test/kit/provider-double';
import { LISTED_TEMPLATES } from '../test/kit/templates';

const PORT = 4100;
const BUSINESS_ACCOUNT = '2000';

/** A stand-in for Meta's Cloud API to try the server against: it accepts every message and prints what it was given. */
async function main(): Promise<void> {
  const double = await createProviderDouble(PORT);
  double.templates(BUSINESS_ACCOUNT, LISTED_TEMPLATES);
  process.stdout.write(
    `WHATSAPP_API_URL   ${double.url}\naccess token       ${PROVIDER_TOKEN}\nbusiness account   ${BUSINESS_ACCOUNT}\n`,
  );
  for (let shown = 0; ; shown += 1) {
    await double.waitForCalls(shown + 1, 2 ** 31 - 1);
    const call = double.calls[shown];
    process.stdout.write(
      `${call?.method ?? ''} ${call?.path ?? ''} ${call?.body === undefined ? '' : JSON.stringify(call.body)}\n`,
    );
  }
}

void main();
