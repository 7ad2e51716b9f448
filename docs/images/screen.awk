# What 'tmux capture-pane -e -p' tells of a terminal, as a page: colours and weights are kept, all else is text.
function close_span() { if (open) printf "</span>"; open = 0 }
function open_span(  names) {
    names = (bold ? " bold" : "") (dim ? " dim" : "") (under ? " under" : "") (colour != "" ? " c" colour : "")
    if (names != "") { printf "<span class=\"%s\">", substr(names, 2); open = 1 }
}
function plain() { bold = dim = under = 0; colour = "" }
function take(codes,  parts, n, i) {
    n = split(codes == "" ? "0" : codes, parts, ";")
    for (i = 1; i <= n; i++) {
        if (parts[i] == 0) plain()
        else if (parts[i] == 1) bold = 1
        else if (parts[i] == 2) dim = 1
        else if (parts[i] == 4) under = 1
        else if (parts[i] == 22) bold = dim = 0
        else if (parts[i] == 24) under = 0
        else if (parts[i] == 39) colour = ""
        else if (parts[i] == 38 && parts[i + 1] == 5) { colour = parts[i + 2]; i += 2 }
        else if (parts[i] >= 30 && parts[i] <= 37) colour = parts[i] - 30
        else if (parts[i] >= 90 && parts[i] <= 97) colour = parts[i] - 82
    }
}
function text(words) { gsub(/&/, "\\&amp;", words); gsub(/</, "\\&lt;", words); printf "%s", words }
BEGIN {
    printf "<!DOCTYPE html><meta charset=\"utf-8\"><style>body{margin:0;background:#14181d;color:#e6edf3}"
    printf "pre{margin:0;padding:16px 20px;font:14px/18px \"DejaVu Sans Mono\",monospace}.bold{font-weight:700}.dim{color:#a8b3bd}.under{text-decoration:underline}"
    printf ".c1,.c9{color:#ff8f85}.c2,.c10{color:#6fd09a}.c3,.c11{color:#e3c06c}.c4,.c12{color:#79b8ff}.c5,.c13{color:#d2a8ff}.c6,.c14{color:#76d3e0}"
    printf ".c8{color:#a8b3bd}</style><pre>"
}
{
    line = $0
    while (match(line, /\033\[[0-9;]*m|\033\]8;[^\033]*\033\\|\033\(B|\016|\017/)) {
        text(substr(line, 1, RSTART - 1))
        found = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        if (found ~ /^\033\[/) { close_span(); take(substr(found, 3, length(found) - 3)); open_span() }
    }
    text(line)
    printf "\n"
}
END { close_span(); print "</pre>" }
