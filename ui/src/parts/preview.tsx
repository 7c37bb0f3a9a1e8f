/** What a task wrote down of an artifact, so that it can be looked at without loading it. */

import "./preview.css";

import { JsonTree } from "@/parts/json_tree";
import { countText, sizeText, valueText } from "@/words/numbers";

export interface PreviewOf {
  /** text, json, table, histogram, image, model, html. */
  readonly kind?: string;
  readonly preview?: unknown;
  readonly shape?: readonly number[] | null;
  readonly dtype?: string | null;
  /** (column, type) pairs. */
  readonly schema?: readonly (readonly [string, string])[];
}

export function Preview({ of }: { of: PreviewOf }) {
  return (
    <div className="preview">
      <Facts of={of} />
      <Content of={of} />
    </div>
  );
}

function Facts({ of }: { of: PreviewOf }) {
  if (!of.shape && !of.dtype) return null;
  return (
    <p className="muted number">
      {of.shape && of.shape.map(countText).join(" × ")} {of.dtype}
    </p>
  );
}

function Content({ of: { kind = "text", preview, schema = [] } }: { of: PreviewOf }) {
  if (preview === undefined || preview === null) return <p className="muted">No preview was kept</p>;
  if (kind === "table" && isTable(preview)) return <TableHead preview={preview} types={new Map(schema)} />;
  if (kind === "histogram" && isHistogram(preview)) return <Histogram of={preview} />;
  if (kind === "image" && isImage(preview)) {
    const { png, width, height } = preview;
    return <img className="preview-image" src={`data:image/png;base64,${png}`} width={width} height={height} alt="The picture, made smaller" />;
  }
  if (kind === "html" && isPage(preview)) {
    return (
      <p>
        A report{preview.title ? `, “${preview.title}”` : ""}, {sizeText(preview.size)}
      </p>
    );
  }
  if (kind === "json" || typeof preview !== "string") return <JsonTree value={preview} />;
  return <pre className="preview-text">{preview}</pre>;
}

function TableHead({ preview, types }: { preview: TablePreview; types: ReadonlyMap<string, string> }) {
  return (
    <div className="preview-table" tabIndex={0} role="region" aria-label="First rows">
      <table>
        <thead>
          <tr>
            {preview.columns.map((name, index) => (
              <th key={index}>
                {name}
                <span className="faint">{types.get(name) ?? ""}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell === null ? <span className="faint">–</span> : String(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Counts in equal bins, with the bounds and the mean. */
function Histogram({ of, height = 90 }: { of: HistogramPreview; height?: number }) {
  const { counts, min, max, mean, missing = 0, sampled } = of;
  const most = Math.max(1, ...counts);
  const text = `from ${valueText(min)} to ${valueText(max)}, mean ${valueText(mean)}`;
  return (
    <figure className="histogram">
      <svg viewBox={`0 0 ${counts.length * 10} ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={`Histogram ${text}`}>
        {counts.map((count, index) => {
          const size = count === 0 ? 0 : Math.max(1.5, (count / most) * (height - 2));
          return (
            <rect key={index} x={index * 10 + 0.5} width={9} y={height - size} height={size}>
              <title>{countText(count)}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption className="number">
        <span>{valueText(min)}</span>
        <span className="muted">
          mean {valueText(mean)}
          {missing > 0 && `, ${countText(missing)} missing`}
          {sampled !== undefined && `, ${countText(sampled)} sampled`}
        </span>
        <span>{valueText(max)}</span>
      </figcaption>
    </figure>
  );
}

interface TablePreview {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

interface HistogramPreview {
  readonly counts: readonly number[];
  readonly min: number | null;
  readonly max: number | null;
  readonly mean?: number | null;
  readonly missing?: number;
  readonly sampled?: number;
}

interface ImagePreview {
  readonly png: string;
  readonly width: number;
  readonly height: number;
}

function isTable(preview: object | unknown): preview is TablePreview {
  const it = preview as Partial<TablePreview>;
  return Array.isArray(it.columns) && Array.isArray(it.rows) && it.rows.every(Array.isArray);
}

function isHistogram(preview: unknown): preview is HistogramPreview {
  const it = preview as Partial<HistogramPreview>;
  return Array.isArray(it.counts) && it.counts.every((count) => typeof count === "number");
}

function isImage(preview: unknown): preview is ImagePreview {
  const it = preview as Partial<ImagePreview>;
  return typeof it.png === "string" && /^[A-Za-z0-9+/=]+$/.test(it.png);
}

function isPage(preview: unknown): preview is { size: number; title?: string } {
  return typeof (preview as { size?: unknown }).size === "number";
}
