using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Fuzzing;

/// <summary>
/// Reads damaged images, made from valid ones with a seed: each quickly gives a provenance, none, or <see cref="InvalidDataException"/>.
/// </summary>
public sealed class ImageFileFuzzTests
{
    private const int Count = 20_000;
    private const long AllowedAllocation = 1 << 20;

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void FindProvenance_MutatedFiles_AreReadOrRefused(ImageFormat format)
    {
        var image = new RgbImage(4, 4, new byte[4 * 4 * 3]);
        var provenance = ImageProvenance.Of(FakeModels.Fruits, new ImageSpecification(0, 1, new SamplingSettings(), new SamplingSettings()));
        var file = ImageFile.Encode(image, provenance, format);
        var other = ImageFile.Encode(image, provenance.OnSheet(new SheetShape(2, 2)), format, quality: 100);
        var (found, refused) = (0, 0);
        for (var seed = 0; seed < Count; seed++)
        {
            var input = new Mutator(seed).Mutate(file, other, isText: seed % 2 == 0); // the provenance is text
            var started = Stopwatch.GetTimestamp();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            ImageProvenance? read = null;

            var error = Record.Exception(() => read = ImageFile.FindProvenance(input));

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Assert.True(error is null or InvalidDataException, $"Seed {seed}: {error}");
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2), $"Seed {seed} took too long.");
            Assert.True(allocated < AllowedAllocation, $"Seed {seed}: {input.Length} bytes of input took {allocated} bytes.");
            found += read is null ? 0 : 1;
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(found, Count / 50, Count); // the mutations damage more than the first byte
        Assert.InRange(refused, Count / 50, Count);
    }
}
