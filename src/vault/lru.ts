/** Keeps the values used last. */
export class LruCache<K, V> {
  readonly #values = new Map<K, V>();

  /** @param dispose Called with every value that is dropped. */
  constructor(
    readonly capacity: number,
    readonly dispose: (value: V) => void = () => undefined,
  ) {}

  /** The value of a key, made when it is not at hand. */
  get(key: K, make: () => V): V {
    const found = this.#values.get(key);
    if (found !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, found);
      return found;
    }
    const made = make();
    this.#values.set(key, made);
    if (this.#values.size > this.capacity) this.drop(this.#values.keys().next().value as K);
    return made;
  }

  drop(key: K): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.dispose(value);
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.drop(key);
  }
}
