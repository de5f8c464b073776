using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Trials.Replay;

/// <summary>A request whose answer depends on nothing but itself: it has a seed, and asks for layout and tokens.</summary>
/// <param name="Route">The last part of the path.</param>
/// <param name="Fields">The fields of the body; those of a form have plain values only.</param>
/// <param name="Files">The files of a form by field name; null for JSON.</param>
internal sealed record ReplayRequest(string Route, JsonObject Fields, IReadOnlyDictionary<string, byte[]>? Files = null)
{
    private static readonly string[] Include = ["layout", "tokens"];

    public HttpRequestMessage ToMessage()
    {
        var address = new Uri($"/v1/images/{Route}", UriKind.Relative);
        return new HttpRequestMessage(HttpMethod.Post, address) { Content = Files is null ? Json() : Form(Files) };
    }

    public override string ToString() => $"{Route} {Fields.ToJsonString()}";

    private JsonContent Json()
    {
        var body = Fields.DeepClone().AsObject();
        body["include"] = new JsonArray([.. Include.Select(name => JsonValue.Create(name))]);
        return JsonContent.Create(body);
    }

    private MultipartFormDataContent Form(IReadOnlyDictionary<string, byte[]> files)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in Fields)
        {
            form.Add(new StringContent(string.Create(CultureInfo.InvariantCulture, $"{value}")), name);
        }

        foreach (var name in Include)
        {
            form.Add(new StringContent(name), "include");
        }

        foreach (var (name, file) in files)
        {
            form.Add(new ByteArrayContent(file), name, $"{name}.png");
        }

        return form;
    }
}
