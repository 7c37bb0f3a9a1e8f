"use strict";
// Sends what the form holds to the endpoint and shows the answer as text, never as markup.
const form = document.querySelector("form");
const output = document.querySelector("#answer");
const facts = document.querySelector("#facts");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const started = performance.now();
  output.classList.remove("failed");
  output.textContent = "…";
  try {
    const response = await fetch(location.pathname, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: form.elements.body.value,
    });
    const text = await response.text();
    output.classList.toggle("failed", !response.ok);
    output.textContent = readable(text);
    const took = Math.round(performance.now() - started);
    const version = response.headers.get("service-version") ?? "";
    const prediction = response.headers.get("prediction-id") ?? "";
    facts.textContent = [`${response.status}`, `${took} ms`, version, prediction].filter(Boolean).join(" · ");
  } catch (error) {
    output.classList.add("failed");
    output.textContent = String(error);
  }
});

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
