// Comfort only: every page works without this file.
"use strict";

// A form is sent once; the server would give a second copy the same answer anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // A download leaves the page where it is: the form stays to be sent again.
  // A field may be called "method" too: the attribute is the form's own.
  if (form.getAttribute("method") !== "post" || form.dataset.into) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => wait(form), 600);
});

// Long work says that it is under way; only the server knows how far it is.
function wait(form) {
  if (!form.dataset.sent || form.querySelector(".wait")) return;
  const said = document.createElement("p"), bar = document.createElement("progress");
  said.className = "wait";
  said.setAttribute("role", "status");
  bar.setAttribute("aria-label", "正在办理");
  said.append("正在办理，请稍候……", bar);
  form.append(said);
}

// Back from another page: the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    form.querySelector(".wait")?.remove();
  }
});

// A filter takes effect as soon as it is chosen.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.classList.contains("filters") && event.target.tagName === "SELECT") form.submit();
});

// A file may be dropped anywhere on its field.
for (const field of document.querySelectorAll(".drop")) {
  const input = field.querySelector("input[type=file]");
  field.addEventListener("dragover", (event) => {
    event.preventDefault();
    field.classList.add("over");
  });
  field.addEventListener("dragleave", () => field.classList.remove("over"));
  field.addEventListener("drop", (event) => {
    event.preventDefault();
    field.classList.remove("over");
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
}

// The answer of a check is put into its place on this page, and the chosen file stays chosen.
document.addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (!form.dataset.into || button?.value !== "check") return;
  event.preventDefault();
  const place = document.getElementById(form.dataset.into);
  button.disabled = true;
  place.textContent = "正在核对，请稍候……";
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form, button), headers: { Accept: "text/html" },
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById(form.dataset.into) ?? page.querySelector(".problem");
    place.replaceChildren(...(found?.childNodes ?? []));
    if (!place.textContent.trim()) place.append(...page.querySelectorAll(".fault"));
  } catch {
    place.textContent = "没有连上服务，请稍后再试。";
  }
  button.disabled = false;
});

// While an application is filled in, the rules answer: the form is tried, nothing is stored.
for (const form of document.querySelectorAll("form[data-assess]")) {
  const place = document.getElementById(form.dataset.assess);
  let timer, latest = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++latest, content = new FormData(form);
      content.set("do", "assess");
      for (const [name, value] of [...content]) if (value instanceof File) content.delete(name);
      try {
        const answer = await fetch(form.action, {
          method: "POST", body: content, headers: { Accept: "text/html" },
        });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.getElementById(form.dataset.assess);
        if (answer.status === 401) place.textContent = "登录已过期。保存时会请您重新登录，已填的内容不会丢失。";
        if (mine === latest && found) place.replaceChildren(...found.childNodes);
      } catch { /* without an answer the page works as before */ }
    }, 700);
  });
}

// What went wrong is where the reader starts.
document.querySelector(".problem a, [aria-invalid]")?.focus();
