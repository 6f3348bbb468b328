import { EXAMPLE_RESIDENT_IDS, sampleUscc } from "./codes";
import { Random } from "./random";

/** Field name to the text of its cell; dates and amounts as source systems write them. Absent fields are missing. */
export type SampleCells = Record<string, string>;

export type SampleTypeName = "cn.penalty" | "cn.licence";

/** What a row depends on. */
export interface RowSeed {
  readonly type: SampleTypeName;
  readonly seed: number;
  /** From 0. */
  readonly index: number;
  readonly agencyCode: string;
  readonly agencyName: string;
  /** Share of rows about natural persons and individual businesses. */
  readonly persons: number;
  /** Whether natural persons are among them: they need a field for their identity document. */
  readonly naturalPersons: boolean;
  /** Year of the decision; without it one of the four years to 2024. */
  readonly year?: number | undefined;
}

const DIVISIONS = ["110000", "310000", "440300", "330100", "510100", "610100"];
const TRADES = ["商贸", "食品", "机械", "物流", "科技", "建材", "餐饮", "纺织"];
const WORDS = ["示例", "虚构", "样本", "演示", "假想"];
/** Brackets in which real files write the year of a decision number. */
const BRACKETS = ["〔〕", "〔〕", "〔〕", "〔〕", "【】", "[]", "()", "（）", "［］"];

const VIOLATIONS = [
  { violation: "销售不合格产品", basis: "《示例产品质量条例》第十二条", kind: "罚款;没收违法所得" },
  { violation: "未按规定公示年度报告", basis: "《示例公示办法》第九条", kind: "警告" },
  { violation: "虚假宣传", basis: "《示例广告管理规定》第四条、第七条", kind: "罚款" },
  { violation: "无证经营", basis: "《示例许可证管理办法》第二十条", kind: "罚款;责令停产停业" },
] as const;

const LICENCES = [
  { kind: "普通", certificate: "示例经营许可证", content: "准予从事示例经营活动" },
  { kind: "核准", certificate: "示例施工许可证", content: "核准示例项目开工" },
  { kind: "认可", certificate: "示例资质证书", content: "认可示例检测资质" },
] as const;

/** One invented row, the same for the same seed. */
export function sampleCells(row: RowSeed): SampleCells {
  const random = new Random(row.seed, row.index, 1);
  const drawn = 2021 + random.below(4);
  const year = row.year ?? drawn;
  const decided = sampleDate(year, random);
  const brackets = random.pick(BRACKETS);
  const space = random.below(20) === 0 ? " " : "";
  const word = row.type === "cn.penalty" ? "罚" : "许";
  return {
    agencyCode: row.agencyCode,
    agencyName: row.agencyName,
    documentNumber: `示${word}${space}${brackets[0]}${year}${brackets[1]}${row.index + 1}号`,
    ...party(row, random),
    ...(row.type === "cn.penalty" ? penalty(decided, random) : licence(decided, random)),
    sourceName: row.agencyName,
    sourceCode: row.agencyCode,
    ...(random.below(10) === 0 ? { remark: "演示数据，\n与任何单位或个人无关" } : {}),
  };
}

function party(row: RowSeed, random: Random): SampleCells {
  const number = random.below(900_000);
  const trade = random.pick(TRADES);
  const division = random.pick(DIVISIONS);
  if (random.fraction() >= row.persons) {
    return {
      partyName: `${random.pick(WORDS)}${trade}${number}号有限公司`,
      partyCategory: "法人及非法人组织",
      partyUscc: sampleUscc("91", division, number),
      legalRepresentative: `示例人${number % 1000}`,
    };
  }
  if (random.below(2) === 0 || !row.naturalPersons) {
    return {
      partyName: `${random.pick(WORDS)}${trade}${number}号店`,
      partyCategory: "个体工商户",
      partyUscc: sampleUscc("92", division, number),
    };
  }
  return {
    partyName: `示例人${number % 1000}`,
    partyCategory: "自然人",
    partyIdType: "身份证",
    partyIdNumber: random.pick(EXAMPLE_RESIDENT_IDS),
  };
}

function penalty(decided: Day, random: Random): SampleCells {
  const { violation, basis, kind } = random.pick(VIOLATIONS);
  const fen = kind.includes("罚款") ? 10_000 + random.below(50_000_000) : 0;
  const confiscated = kind.includes("没收") ? 1 + random.below(9_000_000) : 0;
  return {
    violation,
    facts: `当事人于${decided.year}年在示例经营场所${violation}，"事实清楚"，证据确凿`,
    basis,
    penaltyKind: kind,
    content: fen > 0 ? `罚款${fenText(fen, 2)}元` : "警告",
    ...(fen > 0 ? { fineFen: fenText(fen, 6) } : {}),
    ...(confiscated > 0 ? { confiscationFen: fenText(confiscated, 6) } : {}),
    decidedOn: dayText(decided, "/"),
    validUntil: dayText({ ...decided, year: decided.year + 3 }, "/"),
    publicityEndsOn: dayText({ ...decided, year: decided.year + 3 }, "-"),
  };
}

function licence(decided: Day, random: Random): SampleCells {
  const { kind, certificate, content } = random.pick(LICENCES);
  return {
    documentTitle: "示例行政许可决定书",
    licenceKind: kind,
    certificateName: certificate,
    licenceNumber: `XN${String(random.below(10 ** 8)).padStart(8, "0")}`,
    content,
    decidedOn: dayText(decided, "/"),
    validFrom: dayText(decided, "/"),
    validUntil: random.below(4) === 0 ? "2099/12/31" : dayText({ ...decided, year: decided.year + 5 }, "/"),
  };
}

/** The next version of a row: same natural key, another content. */
export function amendedCells(cells: SampleCells, type: SampleTypeName): SampleCells {
  return {
    ...cells,
    content: `${cells["content"] ?? ""}（更正）`,
    ...(type === "cn.penalty" ? { fineFen: "1.5" } : {}),
  };
}

/** Never the 29th and later, so that the day exists in every year. */
interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function sampleDate(year: number, random: Random): Day {
  return { year, month: 1 + random.below(12), day: 1 + random.below(28) };
}

function dayText({ year, month, day }: Day, separator: string): string {
  return [year, String(month).padStart(2, "0"), String(day).padStart(2, "0")].join(separator);
}

/** Fen as a decimal number of a unit of `10^decimals` fen: 6 for 万元, 2 for 元. */
function fenText(fen: number, decimals: number): string {
  const digits = String(fen).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
