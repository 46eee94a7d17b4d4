/** Runs several tasks at the same time, up to a limit. */

/**
 * Calls `work` for each item in order, for at most `limit` items at the same time.
 * @template T
 * @param {Iterable<T>} items
 * @param {number} limit
 * @param {(item: T) => Promise<void>} work
 * @param {AbortSignal} signal no other item is started after it aborted; those that were started are finished
 * @returns {Promise<void>} rejects with the first error that `work` throws
 */
export async function forEachConcurrently(items, limit, work, signal) {
  // All workers share this array. A shared iterator would end for all of them if one worker failed.
  const queue = [...items];
  const worker = async () => {
    while (queue.length && !signal.aborted) await work(/** @type {T} */ (queue.shift()));
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
