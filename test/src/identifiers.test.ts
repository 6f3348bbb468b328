import { expect } from "chai";
import * as fc from "fast-check";
import { sampleOrganisationCode, sampleUscc } from "../../src/samples";
import {
  authorityWarning,
  checkDate,
  checkDivision,
  checkOrganisationCode,
  checkResidentId,
  checkUscc,
  codeForm,
  divisionWarning,
  isCalendarDate,
  residentCheckCharacter,
  USCC_ALPHABET,
} from "../../src/types/identifiers";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

/** Public codes of real organisations: here a check digit is tested, nowhere else do they occur. */
const REAL_USCCS =
  `914403001922038216 9144030071526726XG 91440300708461136T 91330100799655058B 91330100716105852F
  91110000802100433B 91110108551385082Q 91440300192317458F 91440400192548256N 91440606722473344C 9152000071430580XT
  9144030027939873X7 914403007954257495 91370200264574251E 91100000100003962T 911000001000013428 911100001000044477
  911100001000054748 9144030010001686XA 91440300100012316L 91110000710925462X 91110000710926094P 9111000071093123XX
  911100007109250324 91350900587527783P 91330000733796106P 91310000132260250X 11100000MB0143028R`.split(
    /\s+/,
  );

describe("checkUscc", () => {
  for (const code of REAL_USCCS) it(`accepts ${code}`, () => expect(checkUscc(code)).to.equal(undefined));

  for (const [text, code, why] of [
    ["914403001922038217", "uscc.check", "the last digit should be 6"],
    ["91330100747161873M", "uscc.check", "the last character should be J"],
    ["91110108717809965C", "uscc.check", "found in public code, fails both checks"],
    ["911101085621504726", "uscc.organisation-check", "passes the first check only"],
    ["91440300192203821", "uscc.length", "17 characters"],
    ["9144030019220382161", "uscc.length", "19 characters"],
    ["", "uscc.length", "empty"],
    ["91440300192203821o", "uscc.alphabet", "lower case"],
    ["9144O3001922038216", "uscc.alphabet", "a letter among the digits of the division"],
  ] as const) {
    it(`refuses a code: ${why}`, () => {
      const fault = checkUscc(text);
      expect(fault?.code).to.equal(code);
      if (text !== "") expect(fault?.message).not.to.include(text);
    });
  }

  for (const letter of "IOSVZ") {
    it(`refuses the letter ${letter}, which the standard leaves out`, () => {
      expect(checkUscc(`91440300${letter}22038216X`)?.code).to.equal("uscc.alphabet");
    });
  }

  it("fits the other way to say it: values times powers of three, check character included, add up to 0 modulo 31", () => {
    const checks = new Set<string>();
    for (let number = 0; number < 300; number++) {
      const code = sampleUscc("91", "440300", number);
      let sum = 0;
      for (let i = 0; i < 17; i++)
        sum = (sum + USCC_ALPHABET.indexOf(code[i]!) * Number(3n ** BigInt(i) % 31n)) % 31;
      expect((sum + USCC_ALPHABET.indexOf(code[17]!)) % 31).to.equal(0);
      checks.add(code[17]!);
    }
    expect(checks.size, "every symbol occurs as a check character").to.equal(31);
  });

  it("only warns of a registering authority it does not know", () => {
    const code = sampleUscc("B1", "110000", 1);
    expect(checkUscc(code)).to.equal(undefined);
    expect(authorityWarning(code)?.code).to.equal("uscc.authority");
    for (const known of REAL_USCCS) expect(authorityWarning(known)).to.equal(undefined);
  });

  it("catches every replacement of one character and every swap of neighbours in every real code", () => {
    for (const code of REAL_USCCS) {
      for (let i = 0; i < code.length; i++) {
        for (const other of USCC_ALPHABET) {
          if (other === code[i]) continue;
          const wrong = code.slice(0, i) + other + code.slice(i + 1);
          expect(checkUscc(wrong), `position ${i + 1}`).not.to.equal(undefined);
        }
        const next = code[i + 1];
        if (next === undefined || next === code[i]) continue;
        const swapped = code.slice(0, i) + next + code[i]! + code.slice(i + 2);
        expect(checkUscc(swapped), `swap at ${i + 1}`).not.to.equal(undefined);
      }
    }
  });

  it("accepts whatever the sample generator makes, and nothing one character away", () => {
    const invented = fc.tuple(
      fc.constantFrom("11", "51", "91", "92", "93", "Y1"),
      fc.nat(999_999),
      fc.nat(999_999),
    );
    fc.assert(
      fc.property(
        invented,
        fc.nat(17),
        fc.constantFrom(...USCC_ALPHABET),
        ([kind, division, number], at, other) => {
          const code = sampleUscc(kind, String(division).padStart(6, "0"), number);
          expect(checkUscc(code)).to.equal(undefined);
          fc.pre(code[at] !== other);
          expect(checkUscc(code.slice(0, at) + other + code.slice(at + 1))).not.to.equal(undefined);
        },
      ),
      { numRuns },
    );
  });
});

describe("checkOrganisationCode", () => {
  it("accepts the organisation code inside every real code", () => {
    for (const code of REAL_USCCS) expect(checkOrganisationCode(code.slice(8, 17))).to.equal(undefined);
  });

  it("accepts invented codes with a right check character, 10 written X and 11 written 0 among them", () => {
    const codes = Array.from({ length: 200 }, (_, i) => sampleOrganisationCode(i));
    for (const code of codes) expect(checkOrganisationCode(code)).to.equal(undefined);
    expect(codes.some((code) => code.endsWith("X"))).to.equal(true);
    expect(codes.some((code) => code.endsWith("0"))).to.equal(true);
  });

  it("refuses a wrong check character, a wrong length and letters that are not capitals", () => {
    const code = sampleOrganisationCode(7);
    const other = code.endsWith("1") ? "2" : "1";
    expect(checkOrganisationCode(code.slice(0, 8) + other)?.code).to.equal("organisation-code.check");
    expect(checkOrganisationCode(code.slice(1))?.code).to.equal("organisation-code.shape");
    expect(checkOrganisationCode(code.toLowerCase())?.code).to.equal("organisation-code.shape");
  });
});

describe("checkResidentId", () => {
  /** The two examples that the standard prints. No other resident ID with a real date may stand in this project. */
  const EXAMPLES = ["11010519491231002X", "440524188001010014"];
  /** A number whose birth date cannot be anybody's. */
  const impossible = (date: string): string => {
    const body = `110105${date}002`;
    return body + residentCheckCharacter(body);
  };

  for (const example of EXAMPLES) {
    it(`accepts the standard's example ${example}`, () =>
      expect(checkResidentId(example)).to.equal(undefined));
  }

  it("refuses a wrong check character, and X in lower case", () => {
    expect(checkResidentId("110105194912310021")?.code).to.equal("resident-id.check");
    expect(checkResidentId("11010519491231002x")?.code).to.equal("resident-id.shape");
  });

  for (const date of ["19490229", "19491301", "19490100", "19490431", "19000229", "00000101", "17991231"]) {
    it(`refuses the birth date ${date} although the check character is right`, () => {
      expect(checkResidentId(impossible(date))?.code).to.equal("resident-id.date");
    });
  }

  it("checks the date of the old 15 digits too", () => {
    expect(checkResidentId("110105490230002")?.code).to.equal("resident-id.date");
    expect(checkResidentId("11010549022800X")?.code).to.equal("resident-id.shape");
    expect(checkResidentId("110105491231002")).to.equal(undefined);
  });

  it("catches every replacement of one digit in the standard's examples", () => {
    for (const example of EXAMPLES) {
      for (let i = 0; i < 17; i++) {
        for (let digit = 0; digit < 10; digit++) {
          if (String(digit) === example[i]) continue;
          expect(checkResidentId(example.slice(0, i) + digit + example.slice(i + 1))).not.to.equal(undefined);
        }
      }
    }
  });
});

describe("checkDate and isCalendarDate", () => {
  it("agree with the calendar of the engine, from 1800 to 2199", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1800, max: 2199 }), fc.nat(14), fc.nat(33), (year, month, day) => {
        const date = new Date(Date.UTC(year, month - 1, day));
        const isReal =
          date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        expect(isCalendarDate(year, month, day)).to.equal(isReal && month > 0 && day > 0);
      }),
      { numRuns: numRuns * 10 },
    );
  });

  for (const [text, code] of [
    ["2023-02-29", "date.impossible"],
    ["1900-02-29", "date.impossible"],
    ["2023-2-9", "date.form"],
    ["2023/02/09", "date.form"],
    ["2023-02-09T00:00:00Z", "date.form"],
  ] as const) {
    it(`${text} is no date of a record: ${code}`, () => expect(checkDate(text)?.code).to.equal(code));
  }

  it("accepts leap days and the date that stands for long-term", () => {
    for (const text of ["2024-02-29", "2000-02-29", "2099-12-31"])
      expect(checkDate(text)).to.equal(undefined);
  });
});

describe("divisions", () => {
  it("have six digits", () => {
    expect(checkDivision("110302")).to.equal(undefined);
    expect(checkDivision("11030")?.code).to.equal("division.shape");
    expect(checkDivision("1103O2")?.code).to.equal("division.shape");
  });

  it("of central registration and of development zones are known by their first digits", () => {
    for (const division of ["100000", "110302", "440300", "710000"]) {
      expect(divisionWarning(division)).to.equal(undefined);
    }
  });

  it("of no province are a warning", () =>
    expect(divisionWarning("990101")?.code).to.equal("division.unknown"));
});

describe("codeForm", () => {
  it("makes full-width, lower-case, spaced and hyphenated codes canonical", () => {
    expect(codeForm("９１４４０３００７１５２６７２６ＸＧ")).to.equal("9144030071526726XG");
    expect(codeForm("9144 0300 7152 6726xg")).to.equal("9144030071526726XG");
    expect(codeForm("71526726-x")).to.equal("71526726X");
    expect(codeForm("\u3000１２ 3\u200b")).to.equal("123");
  });

  it("changes nothing when applied twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(codeForm(codeForm(text))).to.equal(codeForm(text));
      }),
      { numRuns },
    );
  });
});
