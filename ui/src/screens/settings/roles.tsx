/** Roles in projects, in words. */

export const ROLES = ["viewer", "runner", "deployer", "admin"] as const;

/** What each role may, for whoever gives one. */
export const MAY: Readonly<Record<(typeof ROLES)[number], string>> = {
  viewer: "sees runs, deployments and services",
  runner: "also runs flows, tags and cancels runs",
  deployer: "also deploys, and moves what is at work",
  admin: "also gives roles, and changes what is somebody else's",
};

/** The name of a project as people read it: `*` = all, the empty name = flows without one. */
export function projectText(project: string): string {
  if (project === "*") return "all projects";
  return project || "flows without a project";
}

export function Roles({ roles }: { roles: Readonly<Record<string, string>> }) {
  const known = Object.entries(roles);
  if (known.length === 0) return <span className="faint">none</span>;
  return (
    <span className="row wrap">
      {known.map(([project, role]) => (
        <span key={project} className="chip">
          {role} of {projectText(project)}
        </span>
      ))}
    </span>
  );
}
