// Space plays, arrows move, "/" finds: as in every player. Not while something is typed or a control has the keys.

const Step = 5000;

/** @param {import("./player.js").Player} player @param {{focusFind: () => void}} words */
export function playerKeys(player, words, signal) {
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("input, textarea, select, [contenteditable], [role=slider]")) return;
    const pressed = target.closest("button, summary") !== null;   // by Space; a link is followed by Enter
    if (event.key === " " && !pressed) player.toggle();
    else if (event.key === "ArrowLeft") player.skip(-Step);
    else if (event.key === "ArrowRight") player.skip(Step);
    else if (event.key === "/") words.focusFind();
    else return;
    event.preventDefault();
  }, { signal });
}
