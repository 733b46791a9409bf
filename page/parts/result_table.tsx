/** The results of a run, for each tag. */
import type { JSX } from "preact";
import type { Report } from "../../src/copy/model.ts";
import type { PruneReport, TagReport } from "../../src/sync/model.ts";
import { Pages } from "./filter.tsx";
import { count, formatBytes, formatDuration, formatNumber } from "./format.ts";
import { Failure, formatMissing, RESULTS, ShowLabel, sortBy } from "./results.tsx";
import type { Result } from "./results.tsx";
import { TagName } from "./tag_name.tsx";
import type { Base } from "./tag_name.tsx";
import { Digest } from "./text.tsx";

export type ResultItem = TagReport | PruneReport;

/** Failures first, unchanged tags last. */
export function sortResults(items: readonly ResultItem[]): ResultItem[] {
  return sortBy(items, RESULTS, resultOf);
}

export function resultOf(item: ResultItem): Result {
  return "remembered" in item && item.remembered ? "remembered" : item.result;
}

export function ResultTable(
  { items, caption, base }: {
    readonly items: readonly ResultItem[];
    readonly caption: string;
    readonly base?: Base | undefined;
  },
): JSX.Element {
  return (
    <Pages items={items} what="results">
      {(shown) => (
        <table class="cards">
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Result</th>
              <th scope="col">Tag</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((item) => (
              <tr key={item.destination}>
                <td>
                  <ShowLabel label={RESULTS[resultOf(item)]} />
                </td>
                <th scope="row">
                  <TagName
                    source={"source" in item ? item.source : undefined}
                    destination={item.destination}
                    base={base}
                  />
                </th>
                <td>
                  <Details item={item} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Pages>
  );
}

function Details({ item }: { readonly item: ResultItem }): JSX.Element {
  const { error } = item;
  const { report, digest, id, referrerState = report?.referrerState } = "source" in item
    ? item
    : {} as Partial<TagReport>;
  const missing = referrerState && formatMissing(referrerState);
  return (
    <>
      {error && <Failure error={error} source={"source" in item ? item.source : undefined} />}
      {missing && <p>The target lacks {missing}.</p>}
      {id && <p class="quiet">Durable copy {id}</p>}
      {report ? <ReportLine report={report} /> : digest && <Digest digest={digest} />}
      {report?.warnings.map((warning) => <p key={warning} class="quiet">Warning: {warning}</p>)}
    </>
  );
}

function ReportLine({ report }: { readonly report: Report }): JSX.Element {
  const { digest, blobs, bytesStreamed, manifests, referrers, requests, durationMs } = report;
  const parts = [
    blobs.streamed > 0
      ? `${count(blobs.streamed, "blob")} sent (${formatBytes(bytesStreamed)})`
      : "",
    blobs.mounted > 0 ? `${formatNumber(blobs.mounted)} mounted` : "",
    blobs.present > 0 ? `${formatNumber(blobs.present)} already there` : "",
    blobs.foreign > 0 ? `${formatNumber(blobs.foreign)} foreign` : "",
    manifests > 0
      ? count(manifests, "manifest") +
        (referrers > 0 ? `, of which ${count(referrers, "referrer")}` : "")
      : "",
    count(requests.source + requests.destination, "request"),
    formatDuration(durationMs),
  ];
  return (
    <p class="quiet">
      <Digest digest={digest} /> {parts.filter(Boolean).join(" · ")}
    </p>
  );
}
