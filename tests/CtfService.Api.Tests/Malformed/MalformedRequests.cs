using System.Text;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Creates malformed requests from the API description; the same seed gives the same request.</summary>
internal sealed class MalformedRequests
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X"];

    private readonly ApiSurface _surface;
    private readonly IReadOnlyList<JsonOperation> _operations;
    private readonly IReadOnlyList<(string Name, Func<Random, MalformedRequest> Draw)> _kinds;

    public MalformedRequests(ApiSurface surface)
    {
        _surface = surface;
        _operations = surface.JsonOperations;
        _kinds =
        [
            ("wrong field", random => OfOperation(random, (wrong, operation) => wrong.Body(operation))),
            // Twice as often, because most errors are possible here.
            ("wrong field again", random => OfOperation(random, (wrong, operation) => wrong.Body(operation))),
            ("duplicate field", random => OfOperation(random, (wrong, operation) => WrongJson.Text(Twice(operation.Example, random)))),
            (
                "root is no object",
                random => OfOperation(random, (wrong, _) => random.Pick(["[]", "\"x\"", "1", "-0.5", "true", "null", "", " ", "{}", "[{}]"]))),
            ("cut off", CutOff),
            ("bad byte", BadByte),
            ("deep nesting", DeepNesting),
            ("wrong content type", WrongContentType),
            ("unacceptable", Unacceptable),
            ("wrong timeout", WrongTimeout),
            ("wrong form", new MalformedForms(surface).Draw),
            ("wrong method", WrongMethod),
            ("wrong path", WrongPath),
            ("wrong class path", random => new MalformedRequest("GET", $"/v1/classes/{Segment(random)}/image?seed={Segment(random)}")),
            ("wrong model path", random => new MalformedRequest("GET", $"/v1/models/{Segment(random)}")),
        ];
    }

    public IReadOnlyList<string> Kinds => [.. _kinds.Select(kind => kind.Name)];

    public string Kind(int seed) => _kinds[seed % _kinds.Count].Name;

    /// <param name="seed">0 or more; successive seeds cycle through the kinds.</param>
    public MalformedRequest Draw(int seed) => _kinds[seed % _kinds.Count].Draw(new Random(seed));

    private MalformedRequest OfOperation(Random random, Func<WrongJson, JsonOperation, string> body)
    {
        var wrong = new WrongJson(_surface, random);
        var operation = random.Pick(_operations);
        return MalformedRequest.Json(operation.Path, body(wrong, operation));
    }

    private static IEnumerable<(string Name, string Text)> Twice(IReadOnlyDictionary<string, string> fields, Random random)
    {
        var repeated = random.Pick(fields.ToList());
        return fields.Append(repeated).Select(field => (field.Key, field.Value));
    }

    private MalformedRequest CutOff(Random random) => Damage(random, body => body[..random.Next(body.Length)]);

    /// <summary>Inserts a control character or a byte that is not valid UTF-8; JSON allows neither.</summary>
    private MalformedRequest BadByte(Random random) => Damage(random, body =>
    {
        var position = random.Next(body.Length);
        byte[] bad = [0x00, 0x01, 0x07, 0x0B, 0x1F, 0x80, 0xBF, 0xC0, 0xFE, 0xFF];
        return [.. body[..position], random.Pick(bad), .. body[position..]];
    });

    private MalformedRequest DeepNesting(Random random) => OfOperation(random, (wrong, operation) =>
    {
        var depth = random.Next(65, 2_000); // the serializer's limit is 64
        var nested = random.Pick(
            [
                new string('[', depth) + new string(']', depth),
                string.Concat(Enumerable.Repeat("{\"fine\":", depth)) + "1" + new string('}', depth),
                new string('[', depth),
            ]);
        return random.Pick([nested, WrongJson.With(operation.Example, (random.Pick(operation.Example.Keys.ToList()), nested))]);
    });

    private MalformedRequest WrongContentType(Random random)
    {
        string?[] types =
        [
            "text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", "nonsense",
            "application/json; charset=nonsense", "application/json; charset=utf-16", "application/jsonp", "", null,
        ];
        return Valid(random) with { ContentType = random.Pick(types) };
    }

    private MalformedRequest Unacceptable(Random random)
    {
        string[] accepts = ["image/gif", "text/html", "nonsense", "image/png;q=0", "application/json;q=0, image/*;q=0", "video/*", ";;;", "text/html, */*;q=0"];
        return ValidForImages(random) with { Header = ("Accept", random.Pick(accepts)) };
    }

    private MalformedRequest WrongTimeout(Random random)
    {
        string[] times = ["0", "-1", "soon", "1h", "1,5", "NaN", "1e3", "s", "ms", "0.0ms", "99999999999", "1 2"];
        return ValidForImages(random) with { Header = ("X-Request-Timeout", random.Pick(times)) };
    }

    private MalformedRequest WrongMethod(Random random)
    {
        var (path, methods) = random.Pick(_surface.Addresses);
        var others = Methods.Except(methods).ToList();
        return new MalformedRequest(random.Pick(others), path.Replace("{id}", "fruits-fake", StringComparison.Ordinal));
    }

    private MalformedRequest WrongPath(Random random)
    {
        string[] roots =
        [
            "", "/v1", "/v1/images", "/v1/images/generations", "/v1/classes", "/v1/models/fruits-fake",
            "/V1", "/health", "/health/live", "/v2", "/v1/../v1",
        ];
        return new MalformedRequest(random.Next(2) == 0 ? "GET" : "DELETE", $"{random.Pick(roots)}/{Segment(random)}");
    }

    /// <summary>A path segment without an endpoint, with odd characters. Excludes %00, which the web server rejects first.</summary>
    private static string Segment(Random random)
    {
        string[] odd = ["%01", "%FF", "%2e%2e%2f", "%20", "%25", "%F0%9F%98%80", "~", "'", "(", "%3C", "@", "=", "&", "+", "%0D%0A"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(2) == 0 ? random.Pick(odd) : $"x{random.Next()}")) + "x";
    }

    private MalformedRequest Damage(Random random, Func<byte[], byte[]> change)
    {
        var valid = Valid(random);
        return valid with { Body = change(valid.Body!) };
    }

    private MalformedRequest Valid(Random random) => Valid(random.Pick(_operations));

    /// <summary>Only image requests have a choice of responses and a time limit.</summary>
    private MalformedRequest ValidForImages(Random random) =>
        Valid(random.Pick([.. _operations.Where(operation => operation.Path.StartsWith("/v1/images", StringComparison.Ordinal))]));

    private static MalformedRequest Valid(JsonOperation operation) =>
        MalformedRequest.Json(operation.Path, Encoding.UTF8.GetBytes(WrongJson.Text(operation.Example.Select(field => (field.Key, field.Value)))));
}
