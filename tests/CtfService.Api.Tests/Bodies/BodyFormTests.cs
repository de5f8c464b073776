using System.IO.Compression;
using System.Net;
using System.Text;
using CtfService.Api.Tests.Malformed;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Bodies;

/// <summary>Unsupported or unusual media types, encodings and bytes of bodies.</summary>
public sealed class BodyFormTests(TestApi api) : IClassFixture<TestApi>
{
    private const string Boundary = "XX";

    private static readonly byte[] Form =
    [
        .. Encoding.ASCII.GetBytes($"--{Boundary}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"),
        .. ImageCodec.Encode(new RgbImage(4, 4, new byte[4 * 4 * 3]), ImageFormat.Png),
        .. Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n"),
    ];

    [Theory]
    [InlineData("multipart/form-data; boundary=XX")]
    [InlineData("multipart/form-data, multipart/form-data; boundary=XX")] // openai-edge
    [InlineData("multipart/form-data; boundary=XX, multipart/form-data")]
    [InlineData("Multipart/Form-Data; boundary=\"XX\"")]
    public async Task Vary_ContentTypeOnceOrTwice_FindsTheBoundary(string contentType)
    {
        using var response = await Post(TestApi.Variations, contentType, Form);

        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("multipart/form-dataX; boundary=XX")]
    [InlineData("multipart/form-data, application/json")]
    [InlineData(null)]
    public async Task Vary_BodyIsNotAForm_SaysWhatTheEndpointExpects(string? contentType)
    {
        using var response = await Post(TestApi.Variations, contentType, "{}"u8.ToArray());

        var error = await response.Error(HttpStatusCode.UnsupportedMediaType);
        const string expected = "this endpoint expects multipart/form-data. Send the picture as a file in the form field image";
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Send Content-Type: application/json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("gzip, identity")]
    public async Task Generate_BodyIsCompressed_SaysSo(string encoding)
    {
        using var content = new ByteArrayContent([0x1F, 0x8B, 8, 0]);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        using var response = await api.Client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        var error = await response.Error(HttpStatusCode.UnsupportedMediaType);
        Assert.Equal("unsupported_encoding", error.Code);
        Assert.Contains($"'{encoding}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("uncompressed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_BodyIsCompressedWithoutAHeader_SaysSo()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write("{\"class_label\": \"red\"}"u8);
        }

        using var response = await Post(TestApi.Images, "application/json", compressed.ToArray());

        var error = await response.Error(HttpStatusCode.UnsupportedMediaType);
        Assert.Equal("unsupported_encoding", error.Code);
        Assert.Equal("The body is compressed with gzip; expected uncompressed JSON. Send it uncompressed.", error.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(20_000)]
    public async Task Generate_BodyIsNotUtf8_NamesTheByte(int spaces)
    {
        byte[] body = [.. "{\"prompt\": \""u8, .. Enumerable.Repeat((byte)' ', spaces), 0xE9, .. "\"}"u8];

        using var response = await Post(TestApi.Images, "application/json", body);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal("invalid_utf8", error.Code);
        Assert.Contains($"byte {13 + spaces} (0xE9)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_BodyEndsInsideACharacter_NamesTheByte()
    {
        using var response = await Post(TestApi.Images, "application/json", [.. "{\"prompt\": \""u8, 0xC3]);

        Assert.Equal("invalid_utf8", (await response.Error(HttpStatusCode.BadRequest)).Code);
    }

    [Fact]
    public async Task Any_UnusualContentTypeOrAccept_IsNeverAnUnexpectedError()
    {
        string[] atoms =
        [
            "multipart/form-data", "application/json", "image/png", "*/*", "text", "/", ";", ",", " ", "q=", "q=2", "q=NaN",
            "boundary=", "boundary=XX", "charset=utf-8", "\"", "é", "*", "=", "\t",
        ];
        var random = new Random(1);
        for (var round = 0; round < 2_000; round++)
        {
            var odd = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Pick(atoms)));
            var isForm = random.Next(2) == 0;
            using var content = new ByteArrayContent(isForm ? Form : "{\"class_label\": 0}"u8.ToArray());
            content.Headers.TryAddWithoutValidation(
                "Content-Type",
                random.Next(2) == 0 ? odd : isForm ? $"multipart/form-data; boundary={Boundary}" : "application/json");
            using var response = await api.Post(isForm ? TestApi.Variations : TestApi.Images, content, ("Accept", odd));

            Assert.True((int)response.StatusCode < 500, $"{odd}: {await response.Content.ReadAsStringAsync()}");
        }

        Assert.DoesNotContain(api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
    }

    private Task<HttpResponseMessage> Post(string path, string? contentType, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return api.Client.PostAsync(new Uri(path, UriKind.Relative), content);
    }
}
