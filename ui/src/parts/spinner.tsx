import "./spinner.css";

/** Says that something is under way; shown only after a moment, so that quick answers do not flicker. */
export function Spinner({ isPage = false, label = "Loading" }: { isPage?: boolean; label?: string }) {
  return (
    <div className={isPage ? "spinner page" : "spinner"} role="status">
      <span className="hidden-text">{label}</span>
    </div>
  );
}
