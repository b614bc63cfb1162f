import type { IntentId } from '../../domain/orders/ids.ts';
/** Wakes those who follow an order when the exchange says that something became of it. Nothing more: what became of it is asked. */
export interface OrderEvents {
  /** Something happened to this order; without an id, to whichever. */
  wake(intentId?: IntentId): void;
  watch(intentId: IntentId): OrderWatch;
}

export interface OrderWatch {
  /** Resolves with the first event since the watch began or was renewed. */
  event(): Promise<void>;
  renew(): void;
  close(): void;
}

export function createOrderEvents(): OrderEvents {
  const watched = new Map<IntentId, Set<() => void>>();
  const wakeAll = (intentId: IntentId): void => {
    for (const rouse of watched.get(intentId) ?? []) rouse();
  };
  return {
    wake(intentId) {
      for (const id of intentId === undefined ? [...watched.keys()] : [intentId]) wakeAll(id);
    },
    watch(intentId) {
      let happened = Promise.withResolvers<void>();
      const rouse = (): void => happened.resolve();
      const others = watched.get(intentId) ?? new Set();
      watched.set(intentId, others.add(rouse));
      return {
        event: () => happened.promise,
        renew() {
          happened = Promise.withResolvers();
        },
        close() {
          others.delete(rouse);
          if (others.size === 0) watched.delete(intentId);
        },
      };
    },
  };
}
