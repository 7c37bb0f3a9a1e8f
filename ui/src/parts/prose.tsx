/** A text in Markdown: descriptions of flows, notes of runs. */

import "./prose.css";

import { useMemo } from "react";

import { type Block, type Inline, parseMarkdown } from "@/parts/markdown";
import { Link } from "@/router/link";

export function Prose({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div className="prose">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      return block.level <= 2 ? <h3><Parts parts={block.parts} /></h3> : <h4><Parts parts={block.parts} /></h4>;
    case "paragraph":
      return <p><Parts parts={block.parts} /></p>;
    case "quote":
      return <blockquote><Parts parts={block.parts} /></blockquote>;
    case "code":
      return <pre>{block.text}</pre>;
    case "rule":
      return <hr />;
    case "list": {
      const items = block.items.map((parts, index) => <li key={index}><Parts parts={parts} /></li>);
      return block.isNumbered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table": {
      const [head = [], ...rows] = block.rows;
      return (
        <table>
          <thead>
            <tr>{head.map((parts, index) => <th key={index}><Parts parts={parts} /></th>)}</tr>
          </thead>
          <tbody>
            {rows.map((cells, row) => (
              <tr key={row}>{cells.map((parts, index) => <td key={index}><Parts parts={parts} /></td>)}</tr>
            ))}
          </tbody>
        </table>
      );
    }
  }
}

function Parts({ parts }: { parts: readonly Inline[] }) {
  return parts.map((part, index) => {
    switch (part.kind) {
      case "text":
        return part.text;
      case "code":
        return <code key={index}>{part.text}</code>;
      case "strong":
        return <strong key={index}><Parts parts={part.parts} /></strong>;
      case "emphasis":
        return <em key={index}><Parts parts={part.parts} /></em>;
      case "link":
        return part.to.startsWith("/") ? (
          <Link key={index} to={part.to}><Parts parts={part.parts} /></Link>
        ) : (
          <a key={index} href={part.to} target="_blank" rel="noopener noreferrer"><Parts parts={part.parts} /></a>
        );
    }
  });
}
