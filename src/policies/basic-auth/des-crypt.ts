/**
 * The original crypt of Unix, what htpasswd files hold that are older than anything else: 25 times DES (FIPS 46-3) of a
 * zero block, with the first eight characters of the password as key and a salt that swaps outputs of the expansion.
 * Weak by today's measure; it is here because such files still exist.
 *
 * Bits are held one per element, most significant first, which is how the standard writes its tables.
 * @param salt two characters
 * @returns the 11 characters that follow the salt
 */
export function desCrypt(password: string, salt: string): string {
  const keys = schedule(keyBits(password));
  const expansion = saltedExpansion(salt);
  let block: number[] = Array<number>(64).fill(0);
  for (let i = 0; i < 25; i += 1) block = encipher(block, keys, expansion);
  return encodeBits(block);
}

/** Seven bits of each of eight characters, each followed by an unused parity bit. */
function keyBits(password: string): number[] {
  const bytes = Buffer.from(password, "utf8");
  const bits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const byte = i < bytes.length ? bytes[i]! & 127 : 0;
    for (let bit = 6; bit >= 0; bit -= 1) bits.push((byte >> bit) & 1);
    bits.push(0);
  }
  return bits;
}

function schedule(key: readonly number[]): number[][] {
  let left = permute(key, choice1.slice(0, 28));
  let right = permute(key, choice1.slice(28));
  return shifts.map((shift) => {
    left = [...left.slice(shift), ...left.slice(0, shift)];
    right = [...right.slice(shift), ...right.slice(0, shift)];
    return permute([...left, ...right], choice2);
  });
}

/** Salt bit n swaps elements n and n + 24 of the expansion table. */
function saltedExpansion(salt: string): number[] {
  const table = [...expansionTable];
  for (let i = 0; i < 2; i += 1) {
    const value = alphabet.indexOf(salt[i] ?? ".");
    for (let bit = 0; bit < 6; bit += 1) {
      if (((value >> bit) & 1) === 0) continue;
      const at = 6 * i + bit;
      [table[at], table[at + 24]] = [table[at + 24]!, table[at]!];
    }
  }
  return table;
}

function encipher(block: readonly number[], keys: readonly (readonly number[])[], expansion: readonly number[]): number[] {
  const permuted = permute(block, initial);
  let left = permuted.slice(0, 32);
  let right = permuted.slice(32);
  for (const key of keys) {
    const mixed = permute(substitute(permute(right, expansion), key), roundPermutation);
    const next = left.map((bit, i) => bit ^ mixed[i]!);
    left = right;
    right = next;
  }
  return permute([...right, ...left], final);
}

function substitute(expanded: readonly number[], key: readonly number[]): number[] {
  const bits: number[] = [];
  for (let box = 0; box < 8; box += 1) {
    const at = (i: number): number => expanded[6 * box + i]! ^ key[6 * box + i]!;
    const row = (at(0) << 1) | at(5);
    const column = (at(1) << 3) | (at(2) << 2) | (at(3) << 1) | at(4);
    const value = Number.parseInt(boxes[box]![row]![column]!, 16);
    bits.push((value >> 3) & 1, (value >> 2) & 1, (value >> 1) & 1, value & 1);
  }
  return bits;
}

/** Tables count from one, as in the standard. */
function permute(bits: readonly number[], table: readonly number[]): number[] {
  return table.map((position) => bits[position - 1]!);
}

/** Six bits a character, most significant first, the last two of 66 being zero. */
function encodeBits(bits: readonly number[]): string {
  let text = "";
  for (let i = 0; i < 66; i += 6) {
    let value = 0;
    for (let j = 0; j < 6; j += 1) value = (value << 1) | (bits[i + j] ?? 0);
    text += alphabet[value];
  }
  return text;
}

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// FIPS 46-3, appendix 1. IP and its inverse are regular; the others are written out.
const initial = [58, 60, 62, 64, 57, 59, 61, 63].flatMap((start) => Array.from({ length: 8 }, (_, i) => start - 8 * i));
const final = initial.map((_, i) => initial.indexOf(i + 1) + 1);
const expansionTable = Array.from({ length: 48 }, (_, i) => ((4 * Math.floor(i / 6) + (i % 6) + 31) % 32) + 1);
// prettier-ignore
const choice1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// prettier-ignore
const choice2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
// prettier-ignore
const roundPermutation = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
const shifts = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** The eight substitution boxes: rows of sixteen hexadecimal digits. */
const boxes = [
  ["e4d12fb83a6c5907", "0f74e2d1a6cb9538", "41e8d62bfc973a50", "fc8249175b3ea06d"],
  ["f18e6b34972dc05a", "3d47f28ec01a69b5", "0e7ba4d158c6932f", "d8a13f42b67c05e9"],
  ["a09e63f51dc7b428", "d709346a285ecbf1", "d6498f30b12c5ae7", "1ad069874fe3b52c"],
  ["7de3069a1285bc4f", "d8b56f03472c1ae9", "a690cb7df13e5284", "3f06a1d8945bc72e"],
  ["2c417ab6853fd0e9", "eb2c47d150fa3986", "421bad78f9c5630e", "b8c71e2d6f09a453"],
  ["c1af92680d34e75b", "af427c9561de0b38", "9ef528c3704a1db6", "432c95fabe17608d"],
  ["4b2ef08d3c975a61", "d0b7491ae35c2f86", "14bdc37eaf680592", "6bd814a7950fe23c"],
  ["d2846fb1a93e50c7", "1fd8a374c56b0e92", "7b419ce206adf358", "21e74a8dfc90356b"],
];
