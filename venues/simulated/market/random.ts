/** Numbers that depend on their key alone, so that any step can be drawn again without the ones before it. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, stream: number, step: number) {
    this.#a = mix(seed ^ 0x9e37_79b9);
    this.#b = mix(this.#a ^ Math.imul(stream + 1, 0x85eb_ca6b));
    this.#c = mix(this.#b ^ (step | 0));
    this.#d = mix(this.#c ^ Math.imul(Math.floor(step / 0x1_0000_0000) | 0, 0xc2b2_ae35) ^ 0x27d4_eb2f);
    for (let i = 0; i < 4; i += 1) this.#next();
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#next() / 0x1_0000_0000;
  }

  /** Nearly normal, mean 0, deviation 1, within six deviations. A sum of uniforms is exact on every machine; a logarithm is not. */
  normal(): number {
    let sum = 0;
    for (let i = 0; i < 12; i += 1) sum += this.uniform();
    return sum - 6;
  }

  /** An integer from 0 to `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  // A sum-and-shift counter generator with a 128-bit state.
  #next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}

/** A 32-bit mixing function: every input bit moves every output bit. */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b);
  return (x ^ (x >>> 16)) | 0;
}

/** Uniform in [0, 1) from up to four integers. */
export function hashUniform(a: number, b: number, c = 0, d = 0): number {
  return (mix(mix(mix(mix(a ^ 0x51ed_270b) ^ b) ^ c) ^ d) >>> 0) / 0x1_0000_0000;
}
