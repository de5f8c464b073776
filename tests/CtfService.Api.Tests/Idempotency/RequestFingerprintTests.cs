using System.Text;
using CtfService.Api.Idempotency;
using Microsoft.AspNetCore.Http;

namespace CtfService.Api.Tests.Idempotency;

public sealed class RequestFingerprintTests
{
    [Fact]
    public async Task Of_Body_CanBeReadAfterwards()
    {
        var request = Request("{}");

        await RequestFingerprint.Of(request, CancellationToken.None);

        Assert.Equal("{}", await new StreamReader(request.Body).ReadToEndAsync());
    }

    [Fact]
    public async Task Of_FormWithAnotherBoundary_IsTheSame()
    {
        Assert.Equal(
            await Of("--aaa\r\nname=x\r\n--aaa--", "multipart/form-data; boundary=aaa"),
            await Of("--bbbbb\r\nname=x\r\n--bbbbb--", "multipart/form-data; boundary=\"bbbbb\""));
    }

    [Fact]
    public async Task Of_AnyOtherDifference_IsDifferent()
    {
        string[] prints =
        [
            await Of("{}"),
            await Of("{ }"),
            await Of("{}", "text/json"),
            await Of("{}", "application/json", request => request.Headers.Accept = "image/png"),
            await Of("{}", "application/json", request => request.Path = "/other"),
            await Of("{}", "application/json", request => request.QueryString = new QueryString("?a=b")),
            await Of("--aaa\r\nname=x\r\n--aaa--", "multipart/form-data; boundary=aaa"),
            await Of("--aaa\r\nname=y\r\n--aaa--", "multipart/form-data; boundary=aaa"),
        ];

        Assert.Equal(prints.Length, prints.Distinct().Count());
    }

    private static Task<string> Of(string body, string contentType = "application/json", Action<HttpRequest>? change = null)
    {
        var request = Request(body, contentType);
        change?.Invoke(request);
        return RequestFingerprint.Of(request, CancellationToken.None);
    }

    private static HttpRequest Request(string body, string contentType = "application/json")
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "POST";
        request.Path = "/v1/images/generations";
        request.ContentType = contentType;
        request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        return request;
    }
}
