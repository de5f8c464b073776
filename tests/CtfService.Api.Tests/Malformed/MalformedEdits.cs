using System.Text;
using CtfService.Api.Tests.Endpoints;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Edits of which something is wrong or unusual: a file, a field, or the form itself. The same seed gives the same request.</summary>
internal static class MalformedEdits
{
    private const string Boundary = "----boundary-of-the-tests";

    private static readonly byte[] Image = File("image", EditForm.Picture);
    private static readonly byte[] Mask = File("mask", EditForm.LeftHalf);
    private static readonly byte[] Class = Text("class_label", "banana");

    private static readonly IReadOnlyList<(string Name, bool MayBeValid, Func<Random, MalformedRequest> Draw)> Kinds =
    [
        .. OddPictures.Unusable.Select(picture => ($"picture: {picture.Name}", false, AsPicture(picture.Draw))),
        .. OddPictures.Unusable.Select(picture => ($"mask: {picture.Name}", false, AsMask(picture.Draw))),
        .. OddPictures.Unusual.Select(picture => ($"picture: {picture.Name}", true, AsPicture(picture.Draw))),
        .. OddPictures.Unusual.Select(picture => ($"mask: {picture.Name}", true, AsMask(picture.Draw))),
        .. OddPictures.Unusual.Select(picture => ($"no mask: {picture.Name}", true, (Func<Random, MalformedRequest>)(random =>
            Form([File("image", picture.Draw(random)), Class])))),
        ("wrong value", false, WrongValue),
        ("wrong value again", false, WrongValue),
        (
            "wrong name",
            false,
            random => Form([Image, Mask, Class, Text(random.Pick("Image", "image[0]", "mask[]", "prompts", "size ", "\u0000", "😀", "n[]"), "1")])),
        ("wrong parts", false, WrongParts),
        ("wrong content type", false, WrongContentType),
        ("cut off", false, CutOff),
        ("changed frame", true, ChangedFrame),
        ("odd headers of a part", true, OddHeaders),
        ("too many fields", false, random => Form([Image, Mask, Class, .. Enumerable.Range(0, random.Next(65, 300)).Select(i => Text($"f{i}", "x"))])),
        ("long field", false, random => Form([Image, Mask, Text(random.Pick("class_label", "prompt"), new string('x', random.Next(5_000, 100_000)))])),
        ("compressed", false, _ => Form([Image, Mask, Class]) with { Header = ("Content-Encoding", "gzip") }),
    ];

    public static string Kind(int seed) => Kinds[seed % Kinds.Count].Name;

    /// <summary>Returns whether the request of a seed may be one that can be answered.</summary>
    public static bool MayBeValid(int seed) => Kinds[seed % Kinds.Count].MayBeValid;

    /// <param name="seed">0 or more; successive seeds cycle through the kinds.</param>
    public static MalformedRequest Draw(int seed) => Kinds[seed % Kinds.Count].Draw(new Random(seed));

    private static Func<Random, MalformedRequest> AsPicture(Func<Random, byte[]> draw) => random => Form([File("image", draw(random)), Mask, Class]);

    private static Func<Random, MalformedRequest> AsMask(Func<Random, byte[]> draw) => random => Form([Image, File("mask", draw(random)), Class]);

    private static MalformedRequest WrongValue(Random random)
    {
        string[] numbers = ["n", "seed", "temperature", "top_k", "top_p", "guidance_scale", "fine_temperature", "fine_top_k", "partial_images", "timeout_ms"];
        string[] words =
            ["stream", "size", "quality", "background", "moderation", "input_fidelity", "output_format", "response_format", "include", "model", "priority"];
        var (name, value) = random.Next(2) == 0
            ? (random.Pick(numbers), random.Pick("x", "-1", "1.2.3", "NaN", "0x10", "1e999", "∞", "true", "99999999999999999999999"))
            : (random.Pick(words), random.Pick("nonsense", "\u0000", "{}", "null", new string('x', 300)));
        return Form([Image, Mask, Class, Text(name, value)]);
    }

    private static MalformedRequest WrongParts(Random random) => Form(random.Pick<byte[][]>(
        [],
        [Class],
        [Image, Mask],
        [Mask, Class],
        [Image, Class],
        [Image, Image, Mask, Class],
        [Image, File("image[]", EditForm.Picture), Mask, Class],
        [File("image[]", EditForm.Picture), File("image[]", EditForm.Picture), Mask, Class],
        [Image, Mask, Mask, Class],
        [Image, Mask, Class, Class],
        [Image, Mask, File("class_label", [1, 2])],
        [Image, Text("mask", "x"), Class],
        [Text("image", "x"), Mask, Class],
        [Image, Mask, Text("class_label", "5")],
        [Image, Mask, Text("prompt", "an apple and a banana")],
        [Image, Mask, Class, Text("prompt", "apple")],
        [Image, Mask, Class, Text("stream", "true"), Text("partial_images", "9")]));

    private static MalformedRequest WrongContentType(Random random) => Form([Image, Mask, Class]) with
    {
        ContentType = random.Pick(
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=other",
            $"multipart/form-data; boundary={new string('x', 300)}",
            $"multipart/mixed; boundary={Boundary}",
            "application/x-www-form-urlencoded",
            "application/json",
            "nonsense",
            ""),
    };

    private static MalformedRequest CutOff(Random random)
    {
        var whole = Form([Image, Mask, Class]);
        return whole with { Body = whole.Body![..random.Next(whole.Body!.Length - Boundary.Length)] };
    }

    /// <summary>Changes bytes anywhere outside the files: boundaries, headers of parts and values.</summary>
    private static MalformedRequest ChangedFrame(Random random)
    {
        var whole = Form([Text("n", "1"), Class, Text("seed", "1"), Image, Mask]);
        var body = whole.Body!.ToArray();
        body[random.Next(Encoding.Latin1.GetString(body).IndexOf("image/png", StringComparison.Ordinal))] = (byte)random.Next(256);
        return whole with { Body = body };
    }

    private static MalformedRequest OddHeaders(Random random)
    {
        var head = random.Pick(
            "Content-Disposition: form-data; name=\"mask\"; filename=\"../../etc/passwd\"",
            "Content-Disposition: form-data; name=\"mask\"; filename*=UTF-8''%00%ff",
            "Content-Disposition: form-data; name=\"mask\"; filename=\"" + new string('x', 20_000) + "\"",
            "Content-Disposition: form-data; filename=\"mask.png\"",
            "Content-Disposition: attachment; name=\"mask\"; filename=\"mask.png\"",
            "Content-Disposition: form-data; name=\"mask; filename=\"a\"b\"",
            "Content-Disposition: form-data; name=mask; filename=mask.png\r\nContent-Transfer-Encoding: base64",
            "Content-Disposition: form-data; name=\"mask\"; filename=\"m.png\"\r\nContent-Type: image/png\r\nContent-Type: text/html",
            "Content-Type: image/png",
            string.Concat(Enumerable.Range(0, 40).Select(i => $"X-{i}: y\r\n")) + "Content-Disposition: form-data; name=\"mask\"; filename=\"m.png\"");
        return Form([Image, [.. Encoding.Latin1.GetBytes($"{head}\r\n\r\n"), .. EditForm.LeftHalf], Class]);
    }

    private static MalformedRequest Form(IReadOnlyList<byte[]> parts) => new("POST", TestApi.Edits)
    {
        Body =
        [
            .. parts.SelectMany(part => Encoding.ASCII.GetBytes($"--{Boundary}\r\n").Concat(part).Concat("\r\n"u8.ToArray())),
            .. Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"),
        ],
        ContentType = $"multipart/form-data; boundary={Boundary}",
    };

    private static byte[] File(string name, byte[] content) =>
        [.. Encoding.ASCII.GetBytes($"Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"), .. content];

    private static byte[] Text(string name, string content) => Encoding.UTF8.GetBytes($"Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}");
}
