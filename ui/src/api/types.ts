export type Labels = Readonly<Record<string, string>>;

export type FloatPoint = readonly [timeSeconds: number, value: string];

/** Boundary rule: 0 = open left, 1 = open right, 2 = both open, 3 = both closed. */
export type HistogramBucket = readonly [rule: number, lower: string, upper: string, count: string];

export interface Histogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly HistogramBucket[];
}

export type HistogramPoint = readonly [timeSeconds: number, histogram: Histogram];

export interface VectorSample {
  readonly metric: Labels;
  readonly value?: FloatPoint;
  readonly histogram?: HistogramPoint;
}

export interface MatrixSeries {
  readonly metric: Labels;
  readonly values?: readonly FloatPoint[];
  readonly histograms?: readonly HistogramPoint[];
}

export type QueryData =
  | { readonly resultType: "vector"; readonly result: readonly VectorSample[] }
  | { readonly resultType: "matrix"; readonly result: readonly MatrixSeries[] }
  | { readonly resultType: "scalar"; readonly result: FloatPoint }
  | { readonly resultType: "string"; readonly result: FloatPoint };

export interface RangeData {
  readonly resultType: "matrix";
  readonly result: readonly MatrixSeries[];
}

export type TargetHealth = "up" | "down" | "unknown";

export interface Target {
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  readonly lastScrapeDuration: number;
  readonly health: TargetHealth;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface TargetsData {
  readonly activeTargets: readonly Target[];
  readonly droppedTargetCounts: Readonly<Record<string, number>> | null;
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

export interface TsdbStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName: readonly NamedCount[] | null;
  readonly labelValueCountByLabelName: readonly NamedCount[] | null;
  readonly memoryInBytesByLabelName: readonly NamedCount[] | null;
  readonly seriesCountByLabelValuePair: readonly NamedCount[] | null;
}

export type AlertState = "firing" | "pending" | "inactive" | "unknown";

export interface ActiveAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: AlertState;
  readonly activeAt: string;
  readonly keepFiringSince?: string;
  readonly value: string;
}

interface EvaluatedRule {
  readonly name: string;
  readonly query: string;
  readonly labels?: Labels;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface AlertingRule extends EvaluatedRule {
  readonly type: "alerting";
  readonly state: AlertState;
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: Labels;
  readonly alerts: readonly ActiveAlert[];
}

export interface RecordingRule extends EvaluatedRule {
  readonly type: "recording";
}

export type Rule = AlertingRule | RecordingRule;

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly Rule[];
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RulesData {
  readonly groups: readonly RuleGroup[];
}

export interface AlertmanagersData {
  readonly activeAlertmanagers: readonly { readonly url: string }[];
  readonly droppedAlertmanagers: readonly { readonly url: string }[];
}
