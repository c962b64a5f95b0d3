// What both programs need to reach a gateway of the hub: arguments, connection, back-off.

import { credentials, status, type ServiceError } from "@grpc/grpc-js";
import { parseArgs } from "node:util";
import type { Filter } from "./generated/lienthong/subscription/v1/filter.js";
import { SubscriptionsClient } from "./generated/lienthong/subscription/v1/subscription.js";

// The call is wrong or the place is gone: trying again would not help. All else passes: a gateway
// restarts, the network breaks, the subscription moves to another gateway.
const PERMANENT = new Set([
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

/** The command line of both programs; not every flag means something to both. */
export function commandLine() {
  const { values } = parseArgs({
    options: {
      gateway: { type: "string", default: process.env.LIENTHONG_GATEWAY ?? "127.0.0.1:7420" },
      store: { type: "string" },
      filter: { type: "string", multiple: true, default: [] },
      "stop-after-caught-up": { type: "boolean", default: false },
      name: { type: "string", default: "" },
      consumer: { type: "string", default: "" },
      create: { type: "boolean", default: false },
      "ack-timeout": { type: "string", default: "0" },
      "until-sequence": { type: "string", default: "0" },
      "check-only": { type: "boolean", default: false },
    },
  });
  const store = values.store;
  if (!store) throw new Error("--store FILE is missing");
  return { ...values, store };
}

/** `type=vn.lienthong.dossier.received.v1` or `agency=H56*` as filters; all must hold. */
export function filters(texts: string[]): Filter[] {
  return texts.map((text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new Error(`--filter ${text}: write ATTRIBUTE=VALUE`);
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    return value.endsWith("*")
      ? { dialect: { $case: "prefix", value: { values: { [name]: value.slice(0, -1) } } } }
      : { dialect: { $case: "exact", value: { values: { [name]: value } } } };
  });
}

/** A connection to the next of the gateways. Pings find one that died silently. */
export function connect(addresses: string, attempt: number): SubscriptionsClient {
  const choices = addresses.split(",");
  return new SubscriptionsClient(choices[attempt % choices.length], credentials.createInsecure(), {
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_receive_message_length": 16 << 20,
  });
}

/** A call with one answer: `ask((done) => client.getSubscription(request, done))`. */
export function ask<Answer>(
  call: (done: (error: ServiceError | null, answer: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) =>
    call((error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

/**
 * Calls `turn` with a new connection again and again until it tells that all is done: soon after a
 * stream that ended in good order, after 0.2 to 10 s, growing and at random, if it broke.
 */
export async function until(
  addresses: string,
  turn: (client: SubscriptionsClient) => Promise<boolean>,
): Promise<void> {
  for (let failures = 0; ; ) {
    const began = Date.now();
    const client = connect(addresses, failures);
    let pause = 200;
    try {
      if (await turn(client)) return;
      failures = 0;
    } catch (error) {
      const { code, message } = error as ServiceError;
      if (code === undefined || PERMANENT.has(code)) throw error;
      failures = Date.now() - began > 30_000 ? 1 : failures + 1;
      pause = Math.min(10_000, 200 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
      console.error(`${message}; again in ${Math.round(pause)} ms`);
    } finally {
      client.close();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
