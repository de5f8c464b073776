using System.Net;
using System.Text;
using CtfService.Api.Bodies;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Bodies;

/// <summary>Uploads in flight are limited in number and bytes, and always release their share.</summary>
public sealed class UploadLimitTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly byte[] Form = MakeForm();

    private readonly TestApi _api = new()
    {
        Settings =
        {
            ["Limits:MaxUploads"] = "4", ["Limits:MaxUploadBytes"] = "10000", ["Limits:MaxUploadBufferBytes"] = "262144", ["Limits:BodyTimeout"] = "00:00:10",
        },
    };

    private UploadGate Gate => _api.Services.GetRequiredService<UploadGate>();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData(4, 1_000)]    // limited by the number of uploads
    [InlineData(3, 70_000)]   // limited by their bytes
    public async Task Vary_TwentyUploadsAtOnce_AcceptsThoseThatFitAndRejectsTheOthers(int expected, int announced)
    {
        var bodies = Enumerable.Range(0, 20).Select(_ => new HeldBody(Form)).ToList();
        var answers = bodies.Select(body => Send(body, announced)).ToList();
        await Task.WhenAll(bodies.Zip(answers, (body, answer) => Task.WhenAny(body.Reading, answer)));

        Assert.Equal(expected, bodies.Count(body => body.Reading.IsCompleted));
        Assert.Equal(expected, Gate.Held.Uploads);
        Assert.InRange(Gate.Held.Bytes, 1, 262_144);
        var refused = await Task.WhenAll(bodies.Zip(answers).Where(sent => !sent.First.Reading.IsCompleted).Select(sent => sent.Second));
        Assert.Equal(20 - expected, refused.Length);
        Assert.All(refused, answer => Assert.Equal((429, "2"), (answer.Response.StatusCode, answer.Response.Headers.RetryAfter.ToString())));

        bodies.ForEach(body => body.Release());
        await Task.WhenAll(answers);
        Assert.Equal((0, 0), Gate.Held);
    }

    [Fact]
    public async Task Vary_NoRoom_Returns429()
    {
        using var all = Gate.Enter(262_144);

        using var response = await _api.Post(TestApi.Variations, Content());

        var error = await response.Error(HttpStatusCode.TooManyRequests);
        Assert.Equal("uploads_full", error.Code);
        Assert.Contains("Limits:MaxUploadBufferBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vary_BodyIsRead_ReleasesItsShareBeforeItsImageIsDrawn()
    {
        using var step = _api.Generator.HoldNextStep();
        var answering = _api.Post(TestApi.Variations, Content());
        await step.Entered;

        Assert.Equal((0, 0), Gate.Held);
        step.Open();
        using var response = await answering;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Vary_MalformedForm_ReleasesItsShare()
    {
        var answer = await Send(new HeldBody(Encoding.ASCII.GetBytes("--b\r\nnonsense"), isHeld: false), announced: 13);

        Assert.Equal(400, answer.Response.StatusCode);
        Assert.Equal((0, 0), Gate.Held);
    }

    [Fact]
    public async Task Vary_BodyDoesNotArrive_Returns408AtTheDeadlineAndReleasesItsShare()
    {
        var body = new HeldBody(Form);
        var answering = Send(body, Form.Length);
        await body.Reading;

        _api.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(408, (await answering).Response.StatusCode);
        Assert.Equal((0, 0), Gate.Held);
    }

    [Fact]
    public async Task Generate_BodyDoesNotArrive_Returns408AtTheDeadline()
    {
        var body = new HeldBody("""{"class_label": 0}"""u8.ToArray());
        var answering = Send(body, announced: 18, TestApi.Images, "application/json");
        await body.Reading;

        _api.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(408, (await answering).Response.StatusCode);
    }

    [Fact]
    public async Task Vary_CallerHangsUpWhileSending_ReleasesItsShare()
    {
        using var caller = new CancellationTokenSource();
        var body = new HeldBody(Form);
        var answering = Send(body, Form.Length, hangUp: caller.Token);
        await body.Reading;

        await caller.CancelAsync();

        Assert.Equal(499, (await answering).Response.StatusCode);
        Assert.Equal((0, 0), Gate.Held);
    }

    private Task<HttpContext> Send(
        HeldBody body, long announced, string path = TestApi.Variations, string type = "multipart/form-data; boundary=b", CancellationToken hangUp = default) =>
        _api.Server.SendAsync(context =>
        {
            context.Request.Method = "POST";
            context.Request.Path = path;
            context.Request.ContentType = type;
            context.Request.ContentLength = announced;
            context.Request.Body = body;
            context.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
            context.RequestAborted = hangUp;
        }, CancellationToken.None);

    private static MultipartFormDataContent Content() => new() { { new ByteArrayContent(Picture()), "image", "picture.png" } };

    private static byte[] MakeForm() =>
    [
        .. "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"u8,
        .. Picture(),
        .. "\r\n--b--\r\n"u8,
    ];

    private static byte[] Picture() => ImageCodec.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), ImageFormat.Png);

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }

    /// <summary>A body that signals its first read, and arrives when the test releases it.</summary>
    private sealed class HeldBody(byte[] content, bool isHeld = true) : MemoryStream(content)
    {
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reading => _reading.Task;

        public void Release() => _released.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reading.TrySetResult();
            if (isHeld)
            {
                await _released.Task.WaitAsync(cancellationToken);
            }

            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
