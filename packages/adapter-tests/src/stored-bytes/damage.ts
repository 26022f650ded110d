import { integerOf, type Random } from "../seeded.js";

const NUMBERS = ["0", "1", "-1", "2", "7", "2147483647", "-2147483648", "9007199254740993", "9223372036854775807"];
/** To change a text without leaving its alphabet, which a column may insist on. */
const ALPHABETS = [/^[0-9]+$/, /^[0-9a-f-]+$/i, /^[ -~]*$/];

/** The same bytes with one fault, or several: as disks, networks and people make them. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString("latin1");
  if (/^-?\d+$/.test(text) && random() < 0.7) return Buffer.from(NUMBERS[integerOf(random, 0, NUMBERS.length - 1)] as string);
  if (text === "true" || text === "false") return Buffer.from(text === "true" ? "false" : "true");
  switch (integerOf(random, 0, 7)) {
    case 0:
      return bytes.subarray(0, place(bytes, random));
    case 1:
      return Buffer.concat([bytes, bytes.subarray(place(bytes, random))]);
    case 2:
      return Buffer.concat([bytes, Buffer.from("\0\u0001 x")]);
    case 3:
      return Buffer.concat([bytes.subarray(0, place(bytes, random)), bytes.subarray(place(bytes, random))]);
    case 4:
      return Buffer.from(bytes.map(() => integerOf(random, 0, 255)));
    case 5:
      return exchanged(bytes, text, random);
    default:
      return flipped(bytes, random);
  }
}

function place({ length }: Buffer, random: Random): number {
  return integerOf(random, 0, Math.max(0, length - 1));
}

function flipped(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  if (bytes.length === 0) return Buffer.of(integerOf(random, 0, 255));
  for (let count = integerOf(random, 1, 3); count > 0; count -= 1) {
    const at = place(bytes, random);
    changed[at] = (changed[at] as number) ^ (1 << integerOf(random, 0, 7));
  }
  return changed;
}

/** One character becomes another of the text, so that a number stays a number, and an id an id. */
function exchanged(bytes: Buffer, text: string, random: Random): Buffer {
  if (!ALPHABETS.some((alphabet) => alphabet.test(text)) || text === "") return flipped(bytes, random);
  const changed = Buffer.from(bytes);
  changed[place(bytes, random)] = bytes[place(bytes, random)] as number;
  return changed;
}
