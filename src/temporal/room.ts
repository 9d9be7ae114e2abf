/**
 * Validations that a worker's own dispatcher keeps under way before it starts more. Without this bound, a backlog fills the
 * worker with first tasks. They all run late, and some time out and run again. Measured over 1,500 assets: 46 assets/s, no
 * first webhook late; without it 40, 157 of 3,000 late.
 */
const MAX_UNDER_WAY = 16;

/** A validation that has not ended after this long waits for something other than this worker's processor. */
const UNDER_WAY_FOR_MS = 5_000;

/** Room for tenants that do not have their share yet. */
interface RoomForOthers {
  readonly count: number;
  /** Tenants that have their share. */
  readonly except: readonly string[];
}

/**
 * Counts the validations under way in this process. One tenant may have all the room. If its validations are slow, the room
 * stays full, so each other tenant may have its share (`forOthers`) beyond the bound. With k tenants a share is 1/k of the room.
 * So the bound is exceeded only by validations of tenants that have less than a share, and only until slow ones leave the count.
 */
export function createRoom(now: () => number = () => performance.now()) {
  const underWay = new Map<string, { readonly tenant: string; readonly startedAt: number }>();

  function forgetSlow(): void {
    const since = now() - UNDER_WAY_FOR_MS;
    for (const [id, { startedAt }] of underWay) if (startedAt < since) underWay.delete(id);
  }

  return {
    started(assetId: string, tenant: string): void {
      underWay.set(assetId, { tenant, startedAt: now() });
    },

    /** Whether it was under way. */
    ended: (assetId: string): boolean => underWay.delete(assetId),

    /** How many more may be under way, whoever they belong to. */
    free(): number {
      forgetSlow();
      return Math.max(0, MAX_UNDER_WAY - underWay.size);
    },

    /** The share is made smaller by one tenant that may wait, because those that wait are not known here. */
    forOthers(): RoomForOthers {
      forgetSlow();
      const counts = [...Map.groupBy(underWay.values(), ({ tenant }) => tenant)].map(
        ([tenant, { length }]) => ({ tenant, length }),
      );
      const share = Math.max(1, Math.floor(MAX_UNDER_WAY / (counts.length + 1)));
      const taken = counts.reduce((sum, { length }) => sum + Math.min(length, share), 0);
      return {
        count: Math.max(0, Math.min(MAX_UNDER_WAY - taken, share)),
        except: counts.filter(({ length }) => length >= share).map(({ tenant }) => tenant),
      };
    },
  };
}
