using System.Text.Json.Nodes;
using CtfService.Api.Tests.Endpoints;
using CtfService.Core.Generation;
using CtfService.Jobs.Store;

namespace CtfService.Api.Tests.Batches;

/// <summary>Requests for edits in a batch.</summary>
public sealed class BatchEditTests
{
    private static readonly string Picture = Convert.ToBase64String(EditForm.Picture);

    private static readonly string Mask = Convert.ToBase64String(EditForm.LeftHalf);

    [Fact]
    public async Task Run_FilesAsBase64DataUrlAndIds_AllDrawTheSame()
    {
        await using var bench = await BatchBench.CreateAsync();
        Upload(bench, "file-picture", EditForm.Picture);
        Upload(bench, "file-mask", EditForm.LeftHalf);
        (string Image, string Mask)[] files =
        [
            ($"\"{Picture}\"", $"\"{Mask}\""),
            ($"\"data:image/png;base64,{Picture}\"", """{"file_id": "file-mask"}"""),
            ("""{"file_id": "file-picture"}""", $"\"{Mask}\""),
            ("""{"file_id": "file-picture"}""", """{"file_id": "file-mask"}"""),
            ("""{"file_id": "file-picture"}""", """{"file_id": "file-mask"}"""),
        ];
        var lines = files.Select((file, i) => Line($"{i}", $$"""{"image": {{file.Image}}, "mask": {{file.Mask}}, "prompt": "banana", "seed": 5}"""));

        var end = await bench.Complete(bench.Job(string.Join('\n', lines), TestApi.Edits));

        Assert.Equal(5, end.OutputLines.Count);
        var bodies = end.OutputLines.Select(line => line["response"]!["body"]!).ToList();
        Assert.All(bodies, body => Assert.True(JsonNode.DeepEquals(bodies[0], body)));
        Assert.Equal(32, Assert.IsType<LayoutSource.Edited>(bench.Api.Generator.Steps[^1][^1].Layout).Mask.EditedCount);
    }

    [Theory]
    [InlineData("""{"prompt": "banana"}""", "required", "body.image")]
    [InlineData("""{"image": "PICTURE", "mask": 5, "prompt": "banana"}""", "wrong_type", "body.mask")]
    [InlineData("""{"image": "PICTURE", "mask": "AAAA", "prompt": "banana"}""", "invalid_mask", "body.mask")]
    [InlineData("""{"image": "PICTURE", "mask": {"file_id": "file-nothing"}, "prompt": "banana"}""", "file_not_found", "body.mask")]
    [InlineData("""{"image": "PICTURE", "prompt": "banana"}""", "mask_required", "body.mask")]
    [InlineData("""{"image": "PICTURE", "mask": "MASK"}""", "required", "body.class_label")]
    [InlineData("""{"image": "PICTURE", "mask": "MASK", "class_label": 5}""", "unknown_class", "body.class_label")]
    [InlineData("""{"image": "PICTURE", "mask": "MASK", "class_label": 0, "stream": true}""", "unsupported_value", "body.stream")]
    [InlineData("""{"image": "PICTURE", "mask": "MASK", "class_label": 0, "fine": {}}""", "unknown_field", "body.fine")]
    public async Task Prepare_InvalidBody_IsRefusedWithLineAndField(string body, string code, string param)
    {
        await using var bench = await BatchBench.CreateAsync();
        var line = Line("a", body.Replace("PICTURE", Picture, StringComparison.Ordinal).Replace("MASK", Mask, StringComparison.Ordinal));

        var error = Assert.Single(await bench.Refusals(bench.Job(line, TestApi.Edits)));

        Assert.Equal((code, param, 1L), (error.Code, error.Param, error.Line));
    }

    private static string Line(string customId, string body) => BatchBench.Line(customId, body, TestApi.Edits);

    private static void Upload(BatchBench bench, string id, byte[] content)
    {
        bench.Files.Files[$"uploads/{id}"] = content;
        bench.Catalog.Rows[id] = new UploadedFile(id, "", "picture.png", content.Length, "batch", $"uploads/{id}", default, ExpiresAt: null);
    }
}
