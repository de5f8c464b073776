using System.Text;
using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Malformed forms of variations: a field, the picture, or the form itself is wrong.</summary>
internal sealed class MalformedForms
{
    private const string Boundary = "----boundary-of-the-tests";

    private static readonly byte[] Picture = ImageCodec.Encode(new RgbImage(4, 4, new byte[4 * 4 * 3]), ImageFormat.Png);

    private readonly IReadOnlyList<KeyValuePair<string, JsonNode?>> _fields;

    public MalformedForms(ApiSurface surface)
    {
        var (_, schema) = surface.Operations("multipart/form-data").Single(form => form.Path == TestApi.Variations);
        // Any text is a valid user.
        _fields = [.. schema["properties"]!.AsObject().Where(field => (string?)field.Value!["format"] != "binary" && field.Key != "user")];
    }

    public MalformedRequest Draw(Random random) => random.Next(6) switch
    {
        0 or 1 => Form([Image(Picture), WrongField(random)]),
        2 => Form([Image(WrongPicture(random))]),
        3 => Form(random.Pick<byte[][]>(
            [
                [],
                [Image(Picture), Image(Picture)],
                [Text("image", "x")],
                [Image(Picture), Text("N", "1")],
                [Image(Picture), Text("n", "1"), Text("n", "1")],
                [Image(Picture), File("n", [1])],
            ])),
        4 => CutOff(random),
        _ => Form([Image(Picture)]) with
        {
            ContentType = random.Pick(
                [
                    "multipart/form-data",
                    "multipart/form-data; boundary=other",
                    "multipart/form-data; boundary=",
                    $"multipart/form-data; boundary={new string('x', 200)}",
                    "multipart/mixed; boundary=" + Boundary,
                ]),
        },
    };

    /// <summary>
    /// Text that is not valid for the field. Any text can be the name of a model or a class, so those names are unknown; an empty field counts as absent.
    /// </summary>
    private byte[] WrongField(Random random)
    {
        var (name, schema) = random.Pick(_fields);
        var number = (string?)schema!["type"] is "integer" or "number" ? new[] { "x", "1.2.3", "NaN", "0x10", "--1", "1e999" } : ["nonsense", "\u0000"];
        string[] beyond = schema.AsObject().Number("maximum") is { } maximum ? [(maximum + 1).Write(), "-1"] : [];
        return Text(name, random.Pick([.. number, .. beyond]));
    }

    private static byte[] WrongPicture(Random random)
    {
        var noise = new byte[random.Next(200)];
        random.NextBytes(noise);
        return random.Pick([noise, Picture[..random.Next(Picture.Length - 20)], [], "GIF89a"u8.ToArray(), [.. Picture[..8], .. noise]]);
    }

    /// <summary>A form that ends within its last boundary.</summary>
    private static MalformedRequest CutOff(Random random)
    {
        var whole = Form([Text("n", "1"), Image(Picture)]);
        return whole with { Body = whole.Body![..random.Next(whole.Body!.Length - Boundary.Length)] };
    }

    private static MalformedRequest Form(IReadOnlyList<byte[]> parts) => new("POST", TestApi.Variations)
    {
        Body =
        [
            .. parts.SelectMany(part => Encoding.ASCII.GetBytes($"--{Boundary}\r\n").Concat(part).Concat("\r\n"u8.ToArray())),
            .. Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"),
        ],
        ContentType = $"multipart/form-data; boundary={Boundary}",
    };

    private static byte[] Image(byte[] content) => File("image", content);

    private static byte[] File(string name, byte[] content) =>
        [.. Encoding.ASCII.GetBytes($"Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"), .. content];

    private static byte[] Text(string name, string content) => Encoding.UTF8.GetBytes($"Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}");
}
