/** Keeps a failure of one view from taking the page with it. */

import { Component, type ReactNode } from "react";

import { ProblemNote } from "@/parts/problem";

export class Broken extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    const isOld = /dynamically imported module|Importing a module/.test(error.message);
    return (
      <ProblemNote
        problem={{
          title: isOld ? "The page was updated" : "This view failed",
          status: 0,
          detail: isOld ? "the server was upgraded since you opened it" : error.message,
          hint: "load the page anew",
        }}
      />
    );
  }
}
