// A colour for each participant, in the order they are known: the same one everywhere on the page.

const Colours = 8;

export class Speakers {
  #numbers = new Map();
  #names = new Map();

  /** @param {{id: string, name: string}} participant */
  know(participant) {
    if (!this.#numbers.has(participant.id)) this.#numbers.set(participant.id, this.#numbers.size);
    this.#names.set(participant.id, participant.name || participant.id);
    return this;
  }

  get ids() { return [...this.#numbers.keys()]; }

  name(id) { return this.#names.get(id) ?? id; }

  /** A class that sets `--speaker`. */
  colour(id) { return `speaker-${(this.#numbers.get(id) ?? 0) % Colours}`; }
}
