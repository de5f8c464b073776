using System.Text;

namespace CtfService.Api.Tests.Malformed;

/// <summary>A malformed request that can be sent repeatedly.</summary>
internal sealed record MalformedRequest(string Method, string Path)
{
    public byte[]? Body { get; init; }

    public string? ContentType { get; init; }

    public (string Name, string Value)? Header { get; init; }

    public static MalformedRequest Json(string path, string body) => Json(path, Encoding.UTF8.GetBytes(body));

    public static MalformedRequest Json(string path, byte[] body) => new("POST", path) { Body = body, ContentType = "application/json" };

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(new HttpMethod(Method), new Uri(Path, UriKind.Relative));
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        if (Header is var (name, value) && !message.Headers.TryAddWithoutValidation(name, value))
        {
            message.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    public override string ToString()
    {
        var body = Encoding.Latin1.GetString(Body ?? []);
        return $"{Method} {Path} Content-Type: {ContentType} {Header} {body[..Math.Min(body.Length, 300)]}";
    }
}
