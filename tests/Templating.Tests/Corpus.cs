namespace Narthex.Templating.Tests;

/// <summary>Templates over the labels <c>__name__=m, job=api, instance=host:9100</c> and the value 12.5, with what they give. The real promtool is asked for the same.</summary>
internal static class Corpus
{
    public static readonly (string Text, string Result)[] Cases =
    [
        // Text, trimming and comments.
        ("a {{- 1 -}} b", "a1b"),
        ("a{{/* nothing */}}b", "ab"),
        ("a {{- /* nothing */ -}} b", "ab"),
        ("{{ `raw \"text\"` }}", "raw \"text\""),
        ("{{ \"tab\\there \\u00e9 \\x41 \\101\" }}", "tab\there é A A"),
        ("{{ 'a' }} {{ '\\n' }} {{ 'é' }}", "97 10 233"),
        ("{{\"multi\"\n}}", "multi"),

        // Numbers.
        ("{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ -3 }} {{ +3 }}", "31 5 15 15 1000 -3 3"),
        ("{{ 1.5 }} {{ 1e3 }} {{ 1e6 }} {{ 1e21 }} {{ 1e-5 }} {{ .5 }} {{ 100000.0 }} {{ 1234567.0 }}", "1.5 1000 1e+06 1e+21 1e-05 0.5 100000 1.234567e+06"),

        // Variables and scopes.
        ("{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}", "12"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ with $y := \"v\" }}{{ $y }}{{ . }}{{ end }}", "vv"),

        // Conditions.
        ("{{ if 0 }}a{{ else if \"\" }}b{{ else if .Labels }}c{{ else }}d{{ end }}", "c"),
        ("{{ with .Labels.missing }}a{{ else }}b{{ end }}", "b"),
        ("{{ with \"\" }}a{{ else with \"x\" }}{{ . }}{{ end }}", "x"),
        ("{{ if and true 0 1 }}a{{ else }}b{{ end }}{{ or 0 \"\" \"c\" }}{{ not 1 }}", "bcfalse"),
        ("{{ if not .Labels.job }}a{{ end }}-", "-"),

        // Loops.
        ("{{ range $k, $v := .Labels }}{{ $k }}={{ $v }};{{ end }}", "__name__=m;instance=host:9100;job=api;"),
        ("{{ range $v := .Labels }}{{ $v }};{{ end }}", "m;host:9100;api;"),
        ("{{ range .Labels }}{{ if eq . \"host:9100\" }}{{ break }}{{ end }}[{{ . }}]{{ end }}", "[m]"),
        ("{{ range .Labels }}{{ if eq . \"\" }}{{ continue }}{{ end }}[{{ . }}]{{ end }}", "[m][host:9100][api]"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range $i := 2 }}{{ $i }}{{ else }}none{{ end }}{{ range 0 }}x{{ else }}none{{ end }}", "01none"),
        ("{{ $n := 0 }}{{ range 3 }}{{ $n = . }}{{ end }}{{ $n }}", "2"),

        // Templates.
        ("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" 1 }}{{ template \"t\" .Value }}{{ template \"t\" }}", "<1><12.5><<no value>>"),
        ("{{ block \"b\" .Labels.job }}[{{ . }}]{{ end }}", "[api]"),
        ("{{ define \"d\" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template \"d\" (args \"x\" 2) }}", "x-2"),
        ("{{ define \"n\" }}{{ if gt . 0 }}{{ . }}{{ end }}{{ end }}{{ template \"n\" 3 }}{{ tmpl \"n\" 4 }}", "34"),

        // Fields, pipes, calls.
        ("{{ .Labels.job }} {{ $labels.job }} {{ $value }} {{ .Value }} {{ $labels.missing }}|", "api api 12.5 12.5 |"),
        ("{{ \"a\" | printf \"%s-%s\" \"b\" }}", "b-a"),
        ("{{ (printf \"%d\" 3) | len }}", "1"),
        ("{{ $externalLabels }} {{ $externalURL }}", "map[] "),
        ("{{ .Labels }}", "map[__name__:m instance:host:9100 job:api]"),
        ("{{ len .Labels }} {{ len \"é\" }} {{ index .Labels \"job\" }} {{ index .Labels \"no\" }}| {{ slice \"abcdef\" 1 3 }} {{ index \"abc\" 1 }}", "3 2 api | bc 98"),

        // Comparisons.
        ("{{ eq 1 1 }} {{ eq 1 2 3 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 1.5 1.0 }} {{ ge \"b\" \"a\" }}", "true true true true true true true"),
        ("{{ gt .Value 12.0 }}{{ lt $value 12.0 }}", "truefalse"),

        // Formats.
        ("{{ printf \"%5d|%-5d|%05d|%+d|%x|%X|%#x|%o|%b|%c|%U|%q\" 42 42 42 42 255 255 255 8 5 65 65 65 }}", "   42|42   |00042|+42|ff|FF|0xff|10|101|A|U+0041|'A'"),
        ("{{ printf \"%f|%.2f|%8.3f|%-8.1f|%e|%.2e|%g|%.3g|%G\" 3.14159 3.14159 3.14159 3.14159 31415.9 31415.9 1e7 1234.5678 1e-7 }}", "3.141590|3.14|   3.142|3.1     |3.141590e+04|3.14e+04|1e+07|1.23e+03|1E-07"),
        ("{{ printf \"%s|%10s|%-10s|%.2s|%q|%x|%v|%T\" \"ab\" \"ab\" \"ab\" \"abc\" \"a\\\"b\" \"ab\" \"ab\" \"ab\" }}", "ab|        ab|ab        |ab|\"a\\\"b\"|6162|ab|string"),
        ("{{ printf \"%t|%v|%5t\" true false true }}", "true|false| true"),
        ("{{ printf \"%v %v\" .Labels .Value }}", "map[__name__:m instance:host:9100 job:api] 12.5"),
        ("{{ printf \"%d\" \"a\" }} {{ printf \"%d\" }} {{ printf \"x\" 1 }} {{ printf \"%!\" 1 }} {{ printf \"%z\" 1 }} {{ printf \"%\" }}", "%!d(string=a) %!d(MISSING) x%!(EXTRA int=1) %!!(int=1) %!z(int=1) %!(NOVERB)"),
        ("{{ printf \"%[2]d %[1]d\" 1 2 }} {{ printf \"%*d\" 5 1 }} {{ printf \"%6.*f\" 2 1.234 }} {{ printf \"%d%%\" 5 }}", "2 1     1   1.23 5%"),
        ("{{ printf \"%s\" 1 }} {{ printf \"%f\" 1 }} {{ printf \"%d\" 1.5 }} {{ printf \"%s\" nil }} {{ printf \"%v\" nil }}", "%!s(int=1) %!f(int=1) %!d(float64=1.5) %!s(<nil>) <nil>"),
        ("{{ printf \"%6.2f|%+.1f|% d|%x\" .Value .Value 5 \"hi\" }}", " 12.50|+12.5| 5|6869"),
        ("{{ print 1 2 \"a\" 3 \"b\" \"c\" }}|{{ println 1 \"x\" }}|{{ print nil true }}", "1 2a3bc|1 x\n|<nil> true"),
        ("{{ html \"<a href='x'>&\" }} {{ js \"it's <b>\\\"\" }} {{ urlquery \"a b&c/d\" }}", "&lt;a href=&#39;x&#39;&gt;&amp; it\\'s \\u003Cb\\u003E\\\" a+b%26c%2Fd"),

        // Upstream's functions.
        ("{{ humanize 1234567.0 }} {{ humanize 0.00123 }} {{ humanize 999.9999 }} {{ humanize -1500.0 }} {{ humanize1024 1536.0 }}", "1.235M 1.23m 1000 -1.5k 1.5ki"),
        ("{{ humanizeDuration 3661.0 }} {{ humanizeDuration 0.0015 }} {{ humanizeDuration -61 }} {{ humanizePercentage 0.12345 }}", "1h 1m 1s 1.5ms -1m 1s 12.35%"),
        ("{{ humanizeTimestamp 1435065584.128 }} {{ (toTime 1435065584.128).Format \"Jan _2 2006 03:04PM .000 -07:00\" }}", "2015-06-23 13:19:44.128 +0000 UTC Jun 23 2015 01:19PM .128 +00:00"),
        ("{{ toTime 0 }} {{ (toTime 0).Unix }} {{ (toTime 86399.5).Format \"15:04:05.9 Monday Z07:00\" }} {{ toDuration 90 }}", "1970-01-01 00:00:00 +0000 UTC 0 23:59:59.5 Thursday Z 1m30s"),
        ("{{ title \"some words_here it's\" }} {{ toUpper \"aé\" }} {{ toLower \"AÉ\" }}", "Some Words_here It's AÉ aé"),
        ("{{ reReplaceAll \"(h)ost:(.*)\" \"${2}-$1\" .Labels.instance }} {{ reReplaceAll \"a\" \"$0$0\" \"banana\" }} {{ reReplaceAll \"x*\" \"-\" \"abc\" }}", "9100-h baanaanaa -a-b-c-"),
        ("{{ match \"^h.*0$\" .Labels.instance }} {{ match \"a.c\" \"a\\nc\" }} {{ match \"(?s)a.c\" \"a\\nc\" }}", "true false true"),
        ("{{ stripPort .Labels.instance }} {{ stripDomain \"a.b.c:1\" }} {{ stripDomain \"[::1]:80\" }} {{ stripDomain \"a\" }}", "host a:1 [::1]:80 a"),
        ("{{ graphLink \"up{a=\\\"b\\\"} + 1\" }} {{ tableLink \"x\" }} {{ urlQueryEscape \"a b\" }}", "/graph?g0.expr=up%7Ba%3D%22b%22%7D+%2B+1&g0.tab=0 /graph?g0.expr=x&g0.tab=1 a+b"),
        ("{{ parseDuration \"1h30m\" }} {{ parseDuration \"-5s\" }} {{ safeHtml \"<b>\" }}", "5400 -5 <b>"),
        ("{{ sortByLabel \"x\" (query \"vector(1)\") | first | value }} {{ query \"vector(3) > 2\" | first | label \"none\" }}|", "1 |"),
        ("{{ range query \"label_replace(vector(7), \\\"a\\\", \\\"b\\\", \\\"\\\", \\\"\\\")\" }}{{ . }} {{ .Labels.a }} {{ .Value }}{{ end }}", "{map[a:b] 7} b 7"),

        // What fails says so in the result's place.
        ("{{ .Labels.job.x }}", "! template: __alert_T:1:122: executing \"__alert_T\" at <.Labels.job.x>: can't evaluate field x in type string"),
        ("{{ .Nope }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <.Nope>: can't evaluate field Nope in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"),
        ("{{ index \"abc\" 7 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <index \"abc\" 7>: error calling index: index out of range: 7"),
        ("{{ eq 1 \"a\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison: int and string"),
        ("{{ eq 1 1.0 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64"),
        ("{{ lt true false }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <lt true false>: error calling lt: invalid type for comparison"),
        ("{{ template \"none\" }}", "! template: __alert_T:1:124: executing \"__alert_T\" at <{{template \"none\"}}>: template \"none\" not defined"),
        ("{{ len 3 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <len 3>: error calling len: len of type int"),
        ("{{ toUpper 3 }}", "! template: __alert_T:1:123: executing \"__alert_T\" at <3>: expected string; found 3"),
        ("{{ toUpper .Value }}", "! template: __alert_T:1:123: executing \"__alert_T\" at <.Value>: wrong type for value; expected string; got float64"),
        ("{{ toUpper }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <toUpper>: wrong number of args for toUpper: want 1 got 0"),
        ("{{ 1 | 2 }}", "? template: __alert_T:1: non executable command in pipeline stage 2"),
        ("{{ \"a\" | .Labels.job }}", "! template: __alert_T:1:128: executing \"__alert_T\" at <.Labels.job>: job is not a method but has arguments"),
        ("{{ humanize \"x\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <humanize \"x\">: error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax"),
        ("{{ range true }}{{ end }}", "! template: __alert_T:1:121: executing \"__alert_T\" at <true>: range can't iterate over true"),
        ("{{ reReplaceAll \"(\" \"\" \"\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <reReplaceAll \"(\" \"\" \"\">: error calling reReplaceAll: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"),

        ("{{ title \"3rd it's o'neil a.b a:b x-y 'q' don't_do ab1cd\" }}", "3Rd It's O'neil A.b A:b X-Y 'Q' Don't_do Ab1cd"),
        ("{{ lt 1 \"a\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <lt 1 \"a\">: error calling lt: incompatible types for comparison: int and string"),
        ("{{ eq nil 1 }} {{ ne nil nil }}", "false false"),
        ("{{ eq .Labels .Labels }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <eq .Labels .Labels>: error calling eq: non-comparable type map[__name__:m instance:host:9100 job:api]: map[string]string"),
        ("{{ eq true true }} {{ eq \"a\" \"b\" \"a\" }}", "true true"),
        ("{{ match \"(\" \"\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <match \"(\" \"\">: error calling match: error parsing regexp: missing closing ): `(`"),
        ("{{ query \"((\" }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <query \"((\">: error calling query: 1:3: parse error: unclosed left parenthesis"),
        ("{{ index .Labels 1 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <index .Labels 1>: error calling index: value has type int; should be string"),
        ("{{ index nil 1 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <index nil 1>: error calling index: index of untyped nil"),
        ("{{ slice \"abc\" 2 1 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <slice \"abc\" 2 1>: error calling slice: invalid slice index: 2 > 1"),
        ("{{ slice \"abc\" 0 9 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <slice \"abc\" 0 9>: error calling slice: index out of range: 9"),
        ("{{ call 3 }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <call 3>: error calling call: non-function 3 of type int"),
        ("{{ nil }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <nil>: nil is not a command"),
        ("{{ first (query \"vector(1) > 2\") }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <first (query \"vector(1) > 2\")>: error calling first: first() called on vector with no elements"),
        ("{{ with $x := 5 }}{{ $x }}{{ end }}{{ with 0 }}{{ else }}z{{ end }}", "5z"),
        ("{{ printf \"%08.3f|%+08d|%x|%X|% x\" 3.14159 42 \"hello\" \"hi\" \"abc\" }}", "0003.142|+0000042|68656c6c6f|6869|61 62 63"),
        ("{{ printf \"%v %v %v\" 1e20 1e21 123456789.0 }} {{ printf \"%6d|%-6d|%06d\" -42 -42 -42 }}", "1e+20 1e+21 1.23456789e+08    -42|-42   |-00042"),
        ("{{ printf \"%.3s|%5.1f|%t\" \"abcdef\" 2.25 1 }} {{ printf \"%5t|%q|%#q\" true \"x`y\" \"xy\" }}", "abc|  2.2|%!t(int=1)  true|\"x`y\"|`xy`"),
        ("{{ printf \"%c%c %U %#U\" 72 105 9731 9731 }}", "Hi U+2603 U+2603 '☃'"),
        ("{{ printf \"%e %E %g %G\" 0.0 1.0 100000.0 1e-10 }} {{ printf \"%5.2g|%.0f|%.10g\" 1234.5 2.5 0.1 }}", "0.000000e+00 1.000000E+00 100000 1E-10 1.2e+03|2|0.1"),
        ("{{ humanize 0 }} {{ humanize 1e30 }} {{ humanize 1e-30 }} {{ humanize1024 0.5 }} {{ humanize1024 1e30 }} {{ humanize \"12\" }}", "0 1e+06Y 1e-06y 0.5 8.272e+05Yi 12"),
        ("{{ humanizeDuration 1e10 }} {{ humanizeDuration 59.999 }} {{ humanizeDuration 1e-12 }} {{ humanizePercentage 2 }} {{ humanizeTimestamp -1.5 }}", "115740d 17h 46m 40s 60s 1ps 200% 1969-12-31 23:59:58.5 +0000 UTC"),
        ("{{ (toTime 1e9).Year }} {{ (toTime 1e9).Month }} {{ (toTime 1e9).Weekday }} {{ (toTime 1e9).Format \"02/01/06 3:4:5 pm Jan January MST 002 __2\" }}", "2001 September Sunday 09/09/01 1:46:40 am Sep September UTC 252 252"),
        ("{{ $x := 1 }}{{ define \"q\" }}{{ . }}{{ end }}{{ template \"q\" $x }}", "1"),
        ("{{ range $i, $c := \"aé\" }}{{ $i }}:{{ $c }} {{ end }}", "! template: __alert_T:1:131: executing \"__alert_T\" at <\"aé\">: range can't iterate over aé"),
        ("{{ stripPort \"[::1]:80\" }} {{ stripPort \"x\" }} {{ stripDomain \"1.2.3.4:5\" }} {{ stripDomain \"host.a\" }} {{ stripDomain \"\" }}|", "::1 x 1.2.3.4:5 host |"),
        ("{{ args 1 \"b\" }}", "map[arg0:1 arg1:b]"),
        ("{{ label \"x\" 3 }}", "! template: __alert_T:1:125: executing \"__alert_T\" at <3>: can't handle 3 for arg of type *template.sample"),
        ("{{ value nil }}", "! template: __alert_T:1:115: executing \"__alert_T\" at <value nil>: error calling value: runtime error: invalid memory address or nil pointer dereference"),
        ("{{ printf \"%s\" .Labels }} {{ printf \"%d\" .Labels }}", "map[__name__:m instance:host:9100 job:api] map[%!d(string=__name__):%!d(string=m) %!d(string=instance):%!d(string=host:9100) %!d(string=job):%!d(string=api)]"),
        ("{{ .Labels.a.b }}", "! template: __alert_T:1:122: executing \"__alert_T\" at <.Labels.a.b>: can't evaluate field b in type string"),
        ("{{ (index .Labels \"job\").x }}", "! template: __alert_T:1:130: executing \"__alert_T\" at <\"job\">: can't evaluate field x in type string"),
        ("{{ reReplaceAll \"(?P<n>a)\" \"<${n}>$$\" \"xax\" }} {{ reReplaceAll \"a\" \"$x\" \"bab\" }}", "x<a>$x bb"),

        // What is no template.
        ("{{ nofunc 1 }}", "? template: __alert_T:1: function \"nofunc\" not defined"),
        ("{{ $undefined }}", "? template: __alert_T:1: undefined variable \"$undefined\""),
        ("{{ if }}x{{ end }}", "? template: __alert_T:1: missing value for if"),
        ("{{ if true }}x", "? template: __alert_T:1: unexpected EOF"),
        ("{{ end }}", "? template: __alert_T:1: unexpected {{end}}"),
        ("{{ else }}", "? template: __alert_T:1: unexpected {{else}}"),
        ("{{ break }}", "? template: __alert_T:1: {{break}} outside {{range}}"),
        ("{{ 1 2", "? template: __alert_T:1: unclosed action"),
        ("{{ \"abc }}", "? template: __alert_T:1: unterminated quoted string"),
        ("{{ (1 }}", "? template: __alert_T:1: unclosed left paren"),
        ("{{ 1) }}", "? template: __alert_T:1: unexpected right paren"),
        ("{{ 3x }}", "? template: __alert_T:1: bad number syntax: \"3x\""),
        ("{{ .a$ }}", "? template: __alert_T:1: bad character U+0024 '$'"),
        ("{{/* open }}", "? template: __alert_T:1: unclosed comment"),
        ("{{ | }}", "? template: __alert_T:1: unexpected \"|\" in command"),
        ("{{ \"a\" | }}", "a"),
        ("{{ range $a, $b, $c := .Labels }}{{ end }}", "? template: __alert_T:1: too many declarations in range"),
        ("{{ \"a\".x }}", "? template: __alert_T:1: unexpected . after term \"\\\"a\\\"\""),
        ("{{ define \"x\" }}{{ end }}{{ define x }}{{ end }}", "? template: __alert_T:1: unexpected \"x\" in define clause"),
        ("a\n\n{{ 1 + 2 }}", "? template: __alert_T:3: illegal number syntax: \"+\""),
        ("{{ if true }}{{ else }}{{ else }}{{ end }}", "? template: __alert_T:1: expected end; found {{else}}"),
        ("{{ template 1 }}", "? template: __alert_T:1: unexpected \"1\" in template clause"),
    ];
}
