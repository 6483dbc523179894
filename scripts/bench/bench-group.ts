import type { ServiceEnvironments, StackPlan } from '../stack/service-environments.ts'
import type { Stack } from '../stack.ts'
import type { Measurement } from './measurement.ts'

/** Measurements that are made together, and that `--only` can name. */
export interface BenchGroup {
  /** For `--only`, such as `submit-storm`. */
  readonly name: string
  /** The heading of its section in docs/benchmarks.md. */
  readonly title: string
  /** One sentence for `--help`. */
  readonly about: string
  /** Runs only when `--only` names it, because it takes long. */
  readonly onRequest?: true
  /** Which of the options change what it measures; the rest is not said of it. */
  readonly takes: readonly ('seconds' | 'rounds' | 'minutes')[]
  run(context: BenchContext): Promise<GroupResult>
}

export interface GroupResult {
  readonly measurements: readonly Measurement[]
  /** Markdown that follows the group's table: how it was measured, and what a row needs to be understood. */
  readonly remarks?: string
}

export interface BenchContext {
  /** Clips, results and whatever else a group keeps or leaves; not in git. */
  readonly folder: string
  /** Length of the clips. */
  readonly seconds: number
  readonly rounds: number
  /** Length of what runs for a time. */
  readonly minutes: number
  readonly signal: AbortSignal
  /** A line on the screen. */
  say(line: string): void
  /** Starts a fresh stack of the group's own, which stops when it is disposed of; its logs stay until the next. */
  startStack(environment?: Readonly<Record<string, string>>, detour?: Detour): Promise<BenchStack>
}

/**
 * Told where a stack's store and queue will be, before it starts; answers with what single services are told instead.
 */
export type Detour = (embedded: {
  readonly s3Url: string
  readonly sqsUrl: string
}) => Promise<NonNullable<StackPlan['environmentOf']>>

export interface BenchStack extends AsyncDisposable {
  readonly stack: Stack
  readonly dataFolder: string
  readonly environments: ServiceEnvironments
}
