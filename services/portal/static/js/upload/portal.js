// Client of the portal's upload API: /api/videos/uploads.

import { Lost, Problem } from "./texts.js";

/** Calls the API with the session of the form's page. */
export class Portal {
  constructor(form) {
    this.path = form.dataset.uploads;
    this.login = form.dataset.login;
    this.token = form.elements.csrf_token.value;
  }

  begin = (declared, signal) => this.request("POST", "", signal, declared);
  show = (id, signal) => this.request("GET", `/${id}`, signal);
  links = (id, numbers, signal) => this.request("POST", `/${id}/parts`, signal, { numbers });
  complete = (id, signal) => this.request("POST", `/${id}/complete`, signal);
  discard = (id) => this.request("DELETE", `/${id}`);

  async request(method, path, signal, body) {
    let answer;
    try {
      answer = await fetch(this.path + path, {
        method,
        body: body && JSON.stringify(body),
        headers: { "Content-Type": "application/json", "X-CSRF-TOKEN": this.token },
        signal,
      });
    } catch (problem) {
      throw signal?.aborted ? signal.reason : new Lost("network");
    }
    if (answer.ok) return answer.json();
    // The parts stay in the bucket: after signing in, the page offers to continue.
    if (answer.status === 401) location.assign(this.login);
    const names = { 401: "reload", 403: "reload", 404: "gone", 409: "too-many" };
    if (answer.status >= 500 || answer.status === 429) throw new Lost("busy");
    throw new Problem(names[answer.status] ?? "refused");
  }
}
