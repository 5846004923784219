/** One line of a CSV file: where it begins, and its fields. */
export interface CsvLine {
  readonly number: number;
  readonly fields: readonly string[];
}

/** Longest field: a file with an open quote would otherwise be read into memory as one. */
const LONGEST_FIELD = 10_000;

/** Reads CSV (RFC 4180) character by character: quotes, line ends within them, and any of the two common separators. */
class CsvReading {
  private fields: string[] = [];
  private field = '';
  private quoted = false;
  /** A quote within quotes: the end of them, unless another follows. */
  private quoteBefore = false;
  private number = 1;
  private start = 1;
  private separator: string | null = null;

  /** The lines that end within this piece of the file. */
  *take(piece: string): Generator<CsvLine> {
    for (const character of piece) {
      if (character === '\n') this.number += 1;
      if (this.quoted && !this.takeQuoted(character)) continue;
      if (character === '"' && this.field === '' && !this.quoteBefore) this.quoted = true;
      else if (this.separates(character)) this.endField();
      else if (character === '\n') yield* this.endLine();
      else if (character !== '\r' && character !== '\ufeff') this.append(character);
      this.quoteBefore = false;
    }
  }

  *end(): Generator<CsvLine> {
    if (this.quoted && !this.quoteBefore)
      throw new Error(`The quote that opens in line ${this.start} is never closed`);
    if (this.field !== '' || this.fields.length > 0) yield* this.endLine();
  }

  /** Whether the quotes ended before this character, which then is an ordinary one. */
  private takeQuoted(character: string): boolean {
    if (this.quoteBefore) {
      if (character === '"') {
        this.quoteBefore = false;
        this.append(character);
        return false;
      }
      this.quoted = false;
      return true;
    }
    if (character === '"') this.quoteBefore = true;
    else this.append(character);
    return false;
  }

  private separates(character: string): boolean {
    if (character !== ',' && character !== ';') return false;
    // The first one in the file decides: spreadsheets of some countries write semicolons.
    this.separator ??= character;
    return character === this.separator;
  }

  private append(character: string): void {
    if (this.field.length >= LONGEST_FIELD)
      throw new Error(`A field in line ${this.start} has more than ${LONGEST_FIELD} characters`);
    this.field += character;
  }

  private endField(): void {
    this.fields.push(this.field.trim());
    this.field = '';
  }

  private *endLine(): Generator<CsvLine> {
    this.endField();
    const line = { number: this.start, fields: this.fields };
    this.fields = [];
    this.start = this.number;
    if (line.fields.some((field) => field !== '')) yield line;
  }
}

/** The lines of a CSV file, without empty ones. @throws Error where quotes do not close. */
export async function* csvLines(pieces: AsyncIterable<string>): AsyncGenerator<CsvLine> {
  const reading = new CsvReading();
  for await (const piece of pieces) yield* reading.take(piece);
  yield* reading.end();
}
