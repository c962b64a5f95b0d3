// Proves that everything a durable subscription gave out is kept, and reads again what is not.

import { createHash } from "node:crypto";
import { ask } from "./gateway.js";
import type {
  GetManifestResponse,
  GetSubscriptionResponse,
  ReadRangeResponse,
} from "./generated/lienthong/subscription/v1/durable.js";
import type { Delivery } from "./generated/lienthong/subscription/v1/stream.js";
import type { SubscriptionsClient } from "./generated/lienthong/subscription/v1/subscription.js";

/** What the manifest is about. */
export interface Numbered {
  sequence: number;
  day: string;
  source: string;
  id: string;
}

const MOST_NUMBERS_A_CALL = 1_000_000;

/** Compares every day with the hub's manifest; reads again what is missing. */
export async function check(
  client: SubscriptionsClient,
  name: string,
  kept: ReadonlyMap<number, Numbered>,
  keep: (deliveries: Delivery[]) => number,
): Promise<boolean> {
  const subscription = await ask<GetSubscriptionResponse>((done) => client.getSubscription({ name }, done));
  const firstDay = dayOf(subscription.status?.createdTime ?? new Date());
  const asked = { name, firstDay, lastDay: dayOf(new Date()) };
  const { days } = await ask<GetManifestResponse>((done) => client.getManifest(asked, done));
  let good = true;
  for (const day of days) {
    const told = `count=${day.count} digest=${day.digest}`;
    let healed = 0;
    if (digest(kept, day.day) !== told) {
      for (const [first, last] of holes(kept, Number(day.firstSequence), Number(day.lastSequence))) {
        const range = { name, firstSequence: BigInt(first), lastSequence: BigInt(last) };
        const parts: AsyncIterable<ReadRangeResponse> = client.readRange(range);
        for await (const { deliveries } of parts) healed += keep(deliveries);
      }
    }
    const equal = digest(kept, day.day) === told;
    good &&= equal;
    console.log(`${day.day} ${told} healed=${healed} ${equal ? "equal" : "DIFFERS"}`);
  }
  return good;
}

/** Count and digest of what is kept of a day, by the recipe of `DayManifest`. */
function digest(kept: ReadonlyMap<number, Numbered>, day: string): string {
  let [count, total] = [0, 0n];
  for (const event of kept.values()) {
    if (event.day !== day) continue;
    const text = `${event.sequence}\n${event.source}\n${event.id}`;
    total += createHash("sha256").update(text).digest().readBigUInt64BE(0);
    count++;
  }
  return `count=${count} digest=${BigInt.asUintN(64, total).toString(16).padStart(16, "0")}`;
}

/** Ranges of numbers from `first` to `last` that are not kept. */
function* holes(kept: ReadonlyMap<number, Numbered>, first: number, last: number) {
  for (let at = first; at <= last; at++) {
    if (kept.has(at)) continue;
    const begin = at;
    while (at < last && !kept.has(at + 1) && at + 1 - begin < MOST_NUMBERS_A_CALL) at++;
    yield [begin, at];
  }
}

/** The day at +07:00, as the hub counts days. */
function dayOf(time: Date): string {
  return new Date(time.getTime() + 7 * 3_600_000).toISOString().slice(0, 10);
}
