using System.Security.Cryptography;
using System.Text;

namespace KexecSign.Pictures;

/// <summary>Style sheet and script of a page, and the policy that lets nothing else in.</summary>
internal static class HtmlStyle
{
    /// <summary>The style sheet.</summary>
    public static string Sheet { get; } =
        $":root{{color-scheme:light dark;{SvgMap.LightInk};--edge:#d0d7de;--card:#f6f8fa;--link:#0550ae;"
        + "--good-ground:#dcf3e4;--bad-ground:#fde4e2;--open-ground:#fbeecb;--none-ground:#eef1f4}"
        + $"@media(prefers-color-scheme:dark){{:root{{{SvgMap.DarkInk};--edge:#3a434e;--card:#1b2129;--link:#79b8ff;"
        + "--good-ground:#12331f;--bad-ground:#431d1c;--open-ground:#3a2e10;--none-ground:#222932}}"
        + """
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1.25rem 1rem 4rem;max-width:72rem;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);background:var(--ground)}
        h1{font-size:1.5rem;margin:0 0 .5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .6rem}h3{font-size:1rem;margin:1.4rem 0 .5rem}
        .outcome{display:inline-block;padding:.3rem .8rem;border-radius:.4rem;font-weight:600;overflow-wrap:anywhere}
        .good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}.none{color:var(--soft)}
        .outcome.good,td.good,li.good{background:var(--good-ground)}.outcome.bad,td.bad,li.bad{background:var(--bad-ground)}
        .outcome.none{background:var(--none-ground)}.outcome.open,td.open,li.open{background:var(--open-ground)}td.none{background:var(--none-ground)}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
        th,td{padding:.45rem .7rem;border:1px solid var(--edge);text-align:left;vertical-align:top}
        th{background:var(--card);font-weight:600}td.good,td.bad,td.open{font-weight:600}th[scope=row]{overflow-wrap:anywhere;min-width:9rem}
        td.number{text-align:right;font-family:ui-monospace,SFMono-Regular,Menlo,monospace;white-space:nowrap}
        .box button{display:block;margin:.4rem 0 0}caption{text-align:left;font-weight:600;padding:.4rem 0}
        .chain{display:grid;grid-template-columns:minmax(0,1fr) 2.5rem minmax(0,1fr) 2.5rem minmax(0,1.2fr);align-items:center;margin:.6rem 0}
        .box{border:1px solid var(--edge);border-radius:.5rem;background:var(--card);padding:.6rem .8rem;height:100%;overflow-wrap:anywhere}
        .box b{display:block}.box .what{color:var(--soft);font-size:.85rem}.arrow{text-align:center;color:var(--soft)}
        ul.consumers{list-style:none;margin:0;padding:0;display:grid;gap:.4rem}ul.consumers li{border-radius:.5rem;padding:.45rem .8rem;font-weight:600}
        .down{display:none}dl{display:grid;grid-template-columns:minmax(8rem,max-content) minmax(0,1fr);gap:.3rem 1rem;margin:.5rem 0}
        dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        code{font:.9em ui-monospace,SFMono-Regular,Menlo,monospace}code.hash{user-select:all;-webkit-user-select:all;overflow-wrap:anywhere}
        button{font:inherit;font-size:.8rem;margin-left:.5rem;padding:.05rem .5rem;border:1px solid var(--edge);border-radius:.3rem;background:var(--card);color:var(--ink);cursor:pointer}
        :focus-visible{outline:3px solid var(--link);outline-offset:2px}a{color:var(--link)}
        details{border:1px solid var(--edge);border-radius:.5rem;padding:.2rem 1rem;margin:.8rem 0}summary{cursor:pointer;padding:.4rem 0;font-weight:600;overflow-wrap:anywhere}
        .map{display:block;width:100%;min-width:44rem;height:auto;margin:.5rem 0}.swatch{width:.8rem;height:.8rem;margin-right:.5rem;vertical-align:-.05rem}
        footer{margin-top:3rem;color:var(--soft);font-size:.85rem}
        @media(max-width:44rem){.chain{grid-template-columns:minmax(0,1fr)}.down{display:inline}.right{display:none}.arrow{padding:.2rem}
        dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.5rem}.says{display:none}}
        @media print{button{display:none}details{break-inside:avoid}}
        """.ReplaceLineEndings("")
        + SvgMap.Shapes + SvgMap.Colours(dark: false) + "@media(prefers-color-scheme:dark){" + SvgMap.Colours(dark: true) + "}";

    /// <summary>The script: buttons that copy a hash. All there is to read is there without it.</summary>
    public const string Script =
        "for(const code of document.querySelectorAll('code.hash')){const "
            + "button=document.createElement('button');button.type='button';button.textContent='Copy';"
        + "button.setAttribute('aria-label','Copy '+(code.dataset.name||'hash'));button.addEventListener('click',async()=>{try{await "
        + "navigator.clipboard.writeText(code.textContent)}"
        + "catch{getSelection().selectAllChildren(code);document.execCommand('copy')}button.textContent='Copied';setTimeout(()=>button.textContent='Copy',2000)});code.after(button)}";

    /// <summary>The content security policy: this sheet and this script by their hashes, and nothing from anywhere.</summary>
    public static string Policy
    {
        get;
    } = $"default-src 'none'; style-src '{Hash(Sheet)}'; script-src '{Hash(Script)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
