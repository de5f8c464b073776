using System.Text.Json;
using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;

namespace CtfService.EndToEnd.Tests.Batches;

/// <summary>OpenAI's client for JavaScript runs batches on the service from the upload to the output.</summary>
public sealed class OpenAiBatchTests(BatchService service) : IClassFixture<BatchService>
{
    [OpenAiFact]
    public async Task Batch_ValidBadAndCancelled_AreWhatTheClientExpects()
    {
        var found = await OpenAiScripts.RunAsync("batch.mjs", service.Address, BatchService.Key);

        var completed = found.GetProperty("completed");
        Assert.Equal("completed", completed.GetProperty("batch").GetProperty("status").GetString());
        Assert.Equal("""{"total":12,"completed":12,"failed":0}""", completed.GetProperty("batch").GetProperty("request_counts").GetRawText());
        JsonElement[] lines = [.. completed.GetProperty("output").EnumerateArray()];
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"row-{i}"), lines.Select(line => line.GetProperty("custom_id").GetString()));
        Assert.All(lines, line => AssertIsAnImage(line.GetProperty("response").GetProperty("body").GetProperty("data")[0]));

        var variations = found.GetProperty("variations");
        Assert.Equal("completed", variations.GetProperty("batch").GetProperty("status").GetString());
        Assert.All(
            variations.GetProperty("output").EnumerateArray(),
            line => AssertIsAnImage(line.GetProperty("response").GetProperty("body").GetProperty("data")[0]));

        var bad = found.GetProperty("bad");
        Assert.Equal("failed", bad.GetProperty("status").GetString());
        Assert.Equal(
            [(2, "invalid_json_line", null), (3, "unknown_class", "body.prompt")],
            bad.GetProperty("errors").GetProperty("data").EnumerateArray().Select(error =>
                (error.GetProperty("line").GetInt32(), error.GetProperty("code").GetString()!, error.GetProperty("param").GetString())));

        var cancelled = found.GetProperty("cancelled");
        Assert.Equal("cancelled", cancelled.GetProperty("batch").GetProperty("status").GetString());
        Assert.Equal(400, cancelled.GetProperty("done").GetInt32() + cancelled.GetProperty("notRun").GetInt32());
        Assert.Equal("batch_cancelled", Assert.Single(cancelled.GetProperty("codes").EnumerateArray()).GetString());

        Assert.True(found.GetProperty("listed").GetBoolean());
        Assert.Equal("BadRequestError", found.GetProperty("refused").GetProperty("error").GetString());
        Assert.Equal("endpoint", found.GetProperty("refused").GetProperty("param").GetString());
        Assert.Equal("NotFoundError", found.GetProperty("missing").GetProperty("error").GetString());
    }

    private static void AssertIsAnImage(JsonElement image)
    {
        var picture = ImageCodec.Decode(image.GetProperty("b64_json").GetBytesFromBase64());
        Assert.Equal((64, 64), (picture.Width, picture.Height));
    }
}
