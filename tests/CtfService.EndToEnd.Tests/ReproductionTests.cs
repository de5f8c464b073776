using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests;

/// <summary>Reproduces files that the service drew from their own provenance, by the command line and by the service.</summary>
public sealed class ReproductionTests(ServiceTests.Service service) : IClassFixture<ServiceTests.Service>, IDisposable
{
    private const int PngCount = 50;
    private const int OtherCount = 5; // JPEG and WebP files

    private static readonly string Bundle = Path.Combine(AppContext.BaseDirectory, "models", "fruits-64");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Files_OfRandomRequests_AreReproducedByteForByte()
    {
        var client = await service.ReadyClient();
        var random = new Random(2026);
        var files = await Draw(client, random, "png", PngCount);
        files.AddRange(await Draw(client, random, "jpeg", OtherCount));
        files.AddRange(await Draw(client, random, "webp", OtherCount));

        var (exitCode, output, error) = await Ctf(["generate", "--from", .. files, "--bundle", Bundle, "--output", _folder.File("again")]);

        Assert.True(exitCode == 0, $"{output}{error}");
        foreach (var file in files)
        {
            var bytes = await File.ReadAllBytesAsync(file);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_folder.File("again"), Path.GetFileName(file))));
            Assert.Equal(bytes, await FromItself(client, bytes, Path.GetExtension(file)[1..]));
        }
    }

    [Fact]
    public async Task Sheet_OfTheService_IsReproducedByteForByte()
    {
        var client = await service.ReadyClient();
        var body = """{"class_label":"banana","n":5,"seed":3,"guidance_scale":1,"output_compression":60}""";
        var sheet = await Save("sheet.webp", await Post(client, body, "webp"));

        var (exitCode, output, error) = await Ctf(["generate", "--from", sheet, "--bundle", Bundle, "--output", _folder.File("again")]);

        Assert.True(exitCode == 0, $"{output}{error}");
    }

    [Fact]
    public async Task Sheet_OfTheCommandLine_IsReproducedByteForByte()
    {
        var sheet = _folder.File("sheet.png");
        await Ctf(["generate", "--bundle", Bundle, "--count", "1", "--guidance-scale", "1", "--sheet", sheet, "--output", _folder.File("images")]);

        var (exitCode, output, error) = await Ctf(["generate", "--from", sheet, "--bundle", Bundle, "--output", _folder.File("again")]);

        Assert.True(exitCode == 0, $"{output}{error}");
    }

    [Theory]
    [InlineData("png", true)]
    [InlineData("webp", true)]
    [InlineData("png", false)]
    public async Task Edit_OfTheService_IsReproducedByteForByteFromItsOriginal(string format, bool hasMask)
    {
        var client = await service.ReadyClient();
        var picture = PngPicture.Of(120, 90, (x, y) => (x * 2, y * 2, 80, hasMask || x is < 40 or > 75 ? 255 : 30));
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(picture), "image", "photo.png" },
            { new StringContent("banana"), "prompt" },
            { new StringContent("11"), "seed" },
            { new StringContent("3"), "n" },
        };
        if (hasMask)
        {
            form.Add(new ByteArrayContent(PngPicture.Mask(120, 90, (x, y) => x > 50 && y is > 20 and < 60)), "mask", "mask.png");
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/edits") { Content = form };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue($"image/{format}"));
        using var response = await client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var sheet = await Save($"sheet.{format}", await response.Content.ReadAsByteArrayAsync());

        var (exitCode, output, error) = await Ctf(
            ["generate", "--from", sheet, "--original", await Save("photo.png", picture), "--bundle", Bundle, "--output", _folder.File("again")]);

        Assert.True(exitCode == 0, $"{output}{error}");
    }

    /// <summary>
    /// The file was drawn by version 0.2.0 with the shipped model and filters in both stages. Its hash is replaced, because notes in the bundle change it, and
    /// pixels may differ by a step, because that version rounded differently on some processors.
    /// </summary>
    [Fact]
    public async Task FileOfVersion020_IsDrawnAgainWithItsSampler()
    {
        var old = await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", "drawn-by-0.2.0.png"));
        var (pixels, provenance) = (ImageCodec.Decode(old), ImageFile.FindProvenance(old)!);
        var file = await Save("old.png", ImageFile.Encode(pixels, provenance with { BundleHash = BundleReader.Open(Bundle).Hash }, ImageFormat.Png));

        var (_, output, error) = await Ctf(["generate", "--from", file, "--bundle", Bundle, "--output", _folder.File("again")]);

        var again = ImageCodec.Decode(await File.ReadAllBytesAsync(Path.Combine(_folder.File("again"), "old.png")));
        Assert.Equal(("CtfService 0.2.0", null), (provenance.Software, provenance.Sampler));
        var difference = pixels.Pixels.ToArray().Zip(again.Pixels.ToArray(), (before, now) => Math.Abs(before - now)).Average();
        Assert.True(difference < 0.1, $"{difference} levels; {output}{error}");
    }

    [Fact]
    public async Task GenerateFrom_FileOfAnotherBundle_IsRejectedNamingBoth()
    {
        var client = await service.ReadyClient();
        var file = await Save("banana.png", await Post(client, """{"class_label":"banana","seed":1}""", "png"));
        var other = _folder.File("other");
        CopyWithAnotherNote(Bundle, other);

        var (exitCode, _, error) = await Ctf(["generate", "--from", file, "--bundle", other, "--output", _folder.File("again")]);

        Assert.Equal(1, exitCode);
        Assert.Contains("was made by the model 'fruits-64' of the bundle", error, StringComparison.Ordinal);
        Assert.Contains($"but {other} is the bundle", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("again")));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<List<string>> Draw(HttpClient client, Random random, string format, int count)
    {
        var files = await Task.WhenAll(Enumerable.Range(0, count).Select(i => (Index: i, Body: RandomBody(random))).ToList()
            .Select(async request => await Save($"{request.Index}.{format}", await Post(client, request.Body, format))));
        return [.. files];
    }

    /// <summary>A random class, seed and settings of both stages.</summary>
    private static string RandomBody(Random random) => JsonSerializer.Serialize(new
    {
        class_label = random.Next(24),
        seed = (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        temperature = random.NextSingle() * 2,
        top_k = random.Next(2) * random.Next(300),
        top_p = 1 - (random.NextSingle() * random.Next(2)),
        guidance_scale = 1 + (random.NextSingle() * random.Next(5)),
        fine = new
        {
            temperature = random.NextSingle() * 2,
            top_k = random.Next(40),
            top_p = 1 - (random.NextSingle() / 2),
            guidance_scale = 1 + random.NextSingle(),
        },
        output_compression = random.Next(101),
    });

    private static async Task<byte[]> Post(HttpClient client, string body, string format)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations")
        {
            Content = new StringContent(body, MediaTypeHeaderValue.Parse("application/json")),
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue($"image/{format}"));
        using var response = await client.SendAsync(request);
        var answer = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, $"{body}: {response.StatusCode}");
        return answer;
    }

    /// <summary>Requests the image that the provenance of a file describes.</summary>
    private static Task<byte[]> FromItself(HttpClient client, byte[] file, string format)
    {
        var provenance = ImageFile.FindProvenance(file)!;
        var (coarse, fine) = (provenance.Coarse!, provenance.Fine!);
        var body = JsonSerializer.Serialize(new
        {
            class_label = provenance.ClassLabel,
            seed = provenance.Seed.ToString(CultureInfo.InvariantCulture),
            temperature = coarse.Temperature,
            top_k = coarse.TopK,
            top_p = coarse.TopP,
            guidance_scale = coarse.GuidanceScale,
            fine = new { temperature = fine.Temperature, top_k = fine.TopK, top_p = fine.TopP, guidance_scale = fine.GuidanceScale },
            output_compression = provenance.Quality,
        });
        return Post(client, body, format);
    }

    private async Task<string> Save(string name, byte[] file)
    {
        await File.WriteAllBytesAsync(_folder.File(name), file);
        return _folder.File(name);
    }

    /// <summary>Runs the command line in a separate process.</summary>
    private static async Task<(int ExitCode, string Output, string Error)> Ctf(string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>A bundle that differs only in its hash.</summary>
    private static void CopyWithAnotherNote(string bundle, string copy)
    {
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(bundle))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        File.AppendAllText(Path.Combine(copy, "model.json"), "\n");
    }
}
