using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Jobs.Store;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Batches;

/// <summary>Requests for variations and new details in a batch.</summary>
public sealed class BatchVariationTests
{
    private static readonly byte[] Picture = ImageCodec.Encode(new RgbImage(8, 8, [.. Enumerable.Repeat((byte)200, 8 * 8 * 3)]), ImageFormat.Png);

    private static readonly string Base64 = Convert.ToBase64String(Picture);

    [Fact]
    public async Task Run_PictureAsBase64DataUrlAndFile_AllDrawTheSame()
    {
        await using var bench = await BatchBench.CreateAsync();
        Upload(bench, "file-picture", Picture);
        string[] images = [$"\"{Base64}\"", $"\"data:image/png;base64,{Base64}\"", """{"file_id": "file-picture"}"""];

        var lines = images.Select((image, i) => Line($"{i}", $$"""{"image": {{image}}, "seed": 5}"""));

        var end = await bench.Complete(bench.Job(string.Join('\n', lines), TestApi.Variations));

        Assert.Equal(3, end.OutputLines.Count);
        var bodies = end.OutputLines.Select(line => line["response"]!["body"]!).ToList();
        Assert.All(bodies, body => Assert.True(JsonNode.DeepEquals(bodies[0], body)));
        Assert.Equal(
            Enumerable.Repeat((byte)200, 8 * 8 * 3), Assert.IsType<LayoutSource.Encoded>(bench.Api.Generator.Steps[^1][^1].Layout).Picture.Pixels);
    }

    [Fact]
    public async Task Run_EveryField_ReachesTheGenerator()
    {
        await using var bench = await BatchBench.CreateAsync();
        var body = $$"""
            {"image": "{{Base64}}", "class_label": "banana", "n": 2, "seed": "18446744073709551615", "fine_temperature": 0.5, "fine_top_k": 7,
            "fine_top_p": 0.9, "fine_guidance_scale": 1.5, "model": "fruits-fake",
            "output_format": "webp", "output_compression": 50, "include": ["layout"], "timeout_ms": 1000}
            """.ReplaceLineEndings(" ");

        var end = await bench.Complete(bench.Job(Line("a", body), TestApi.Variations));

        var last = bench.Api.Generator.Steps[^1][^1];
        Assert.Equal((1, new SamplingSettings(0.5f, 7, 0.9f, 1.5f), ImageSeed.Derive(ulong.MaxValue, 1)), (last.ClassId, last.Fine, last.Seed));
        Assert.Equal("webp", (string?)Assert.Single(end.OutputLines)["response"]!["body"]!["output_format"]);
    }

    [Theory]
    [InlineData("""{"seed": 1}""", "required", "body.image")]
    [InlineData("""{"image": 5}""", "wrong_type", "body.image")]
    [InlineData("""{"image": "not base64!"}""", "wrong_type", "body.image")]
    [InlineData("""{"image": "data:text/plain;base64,AAAA"}""", "wrong_type", "body.image")]
    [InlineData("""{"image": {"file": "x"}}""", "wrong_type", "body.image")]
    [InlineData("""{"image": {"file_id": "x", "detail": "high"}}""", "wrong_type", "body.image")]
    [InlineData("""{"image": "AAAA"}""", "invalid_image", "body.image")]
    [InlineData("""{"image": {"file_id": "file-nothing"}}""", "file_not_found", "body.image")]
    [InlineData("""{"image": {"file_id": "file-other"}}""", "file_not_found", "body.image")]
    [InlineData("""{"image": {"file_id": "file-large"}}""", "image_too_large", "body.image")]
    [InlineData("""{"image": "AAAA", "fine_top_k": -1}""", "out_of_range", "body.fine_top_k")]
    [InlineData("""{"image": "AAAA", "fine": {}}""", "unknown_field", "body.fine")]
    public async Task Prepare_InvalidBody_IsRefusedWithLineAndField(string body, string code, string param)
    {
        await using var bench = await BatchBench.CreateAsync(("Limits:MaxUploadBytes", "2048"));
        Upload(bench, "file-other", Picture, tenant: "other");
        Upload(bench, "file-large", new byte[2_049]);

        var error = Assert.Single(await bench.Refusals(bench.Job(Line("a", body), TestApi.Variations)));

        Assert.Equal((code, param, 1L), (error.Code, error.Param, error.Line));
    }

    [Fact]
    public async Task Run_PictureWasDeletedSinceValidation_ItsRequestFailsAlone()
    {
        await using var bench = await BatchBench.CreateAsync();
        Upload(bench, "file-picture", Picture);
        var job = bench.Job(
            $"{Line("a", """{"image": {"file_id": "file-picture"}}""")}\n{Line("b", $$"""{"image": "{{Base64}}"}""")}", TestApi.Variations);
        var shard = Assert.Single(await bench.Prepare(job));
        bench.Catalog.Rows.Clear();

        var end = await bench.Finish(job, [await bench.Run(job, shard)]);

        Assert.Equal("b", (string?)Assert.Single(end.OutputLines)["custom_id"]);
        Assert.Equal("file_not_found", (string?)Assert.Single(end.ErrorLines)["response"]!["body"]!["error"]!["code"]);
    }

    [Fact]
    public async Task Run_Redetail_DrawsInTheLayout()
    {
        await using var bench = await BatchBench.CreateAsync();

        var end = await bench.Complete(bench.Job(BatchBench.Line("a", """{"layout": [3, 2, 1, 0], "class_label": 0}""", TestApi.Details), TestApi.Details));

        Assert.Single(end.OutputLines);
        Assert.Equal([3, 2, 1, 0], Assert.IsType<LayoutSource.Given>(bench.Api.Generator.Steps[^1][^1].Layout).CoarseLabels);
    }

    private static string Line(string customId, string body) => BatchBench.Line(customId, body, TestApi.Variations);

    private static void Upload(BatchBench bench, string id, byte[] content, string tenant = "")
    {
        bench.Files.Files[$"uploads/{id}"] = content;
        bench.Catalog.Rows[id] = new UploadedFile(id, tenant, "picture.png", content.Length, "batch", $"uploads/{id}", default, ExpiresAt: null);
    }
}
