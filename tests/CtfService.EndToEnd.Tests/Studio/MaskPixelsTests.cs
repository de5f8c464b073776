using CtfService.EndToEnd.Tests.Clients;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The mask that is painted on the page, without the painting.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class MaskPixelsTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    private const string Rows = """
        const rows = mask => Array.from({ length: mask.height }, (_, y) => [...mask.pixels.slice(y * mask.width, (y + 1) * mask.width)].join(""));
        """;

    [ChromiumFact]
    public async Task Stroke_BrushOfFivePixels_IsRoundAtItsEnds()
    {
        var rows = await Run("const mask = new MaskPixels(9, 7); mask.stroke({ x: 3.5, y: 3.5 }, { x: 5.5, y: 3.5 }, 5, 1); return rows(mask);");

        Assert.Equal(["000000000", "001111100", "011111110", "011111110", "011111110", "001111100", "000000000"], rows);
    }

    [ChromiumFact]
    public async Task Stroke_FromOutsideThePicture_PaintsWhatIsInside()
    {
        var rows = await Run("const mask = new MaskPixels(3, 2); mask.stroke({ x: -9, y: 0.5 }, { x: 1.5, y: 0.5 }, 1, 1); return rows(mask);");

        Assert.Equal(["110", "000"], rows);
    }

    [ChromiumFact]
    public async Task Rectangle_DraggedFromAnyCorner_IsTheSame()
    {
        var rows = await Run("const mask = new MaskPixels(4, 3); mask.rectangle({ x: 3.2, y: 2.9 }, { x: 1.1, y: 1 }, 1); return rows(mask);");

        Assert.Equal(["0000", "0111", "0111"], rows);
    }

    [ChromiumFact]
    public async Task Undo_AfterPaintingErasingAndInverting_ReturnsStepByStep()
    {
        var rows = await Run("""
            const mask = new MaskPixels(3, 1);
            const seen = [];
            const step = (change) => { mask.begin(); change(); seen.push(rows(mask)[0]); };
            step(() => mask.rectangle({ x: 0, y: 0 }, { x: 2, y: 1 }, 1));
            step(() => mask.rectangle({ x: 0, y: 0 }, { x: 1, y: 1 }, 0));
            step(() => mask.invert());
            for (const turn of ["undo", "undo", "redo", "undo", "undo", "undo"]) { mask[turn](); seen.push(rows(mask)[0]); }
            return seen;
            """);

        Assert.Equal(["110", "010", "101", "010", "110", "010", "110", "000", "000"], rows);
    }

    [ChromiumFact]
    public async Task Cells_PartlyPaintedOrCropped_AreThoseThatTheMaskTouches()
    {
        var rows = await Run("""
            const mask = new MaskPixels(8, 4);
            mask.rectangle({ x: 0, y: 0 }, { x: 1, y: 1 }, 1);
            mask.rectangle({ x: 5, y: 3 }, { x: 6, y: 4 }, 1);
            return [mask.cells({ columns: 2, rows: 2, cell: 2, left: 2, top: 0 }).map(Number).join("")];
            """);

        Assert.Equal(["0001"], rows);
    }

    [ChromiumFact]
    public async Task Canvas_ScaledToThePicture_IsTransparentWhereItIsPainted()
    {
        var rows = await Run("""
            const mask = new MaskPixels(2, 1);
            mask.rectangle({ x: 0, y: 0 }, { x: 1, y: 1 }, 1);
            const bitmap = await createImageBitmap(mask.toCanvas(6, 2));
            const canvas = new OffscreenCanvas(6, 2);
            const context = canvas.getContext("2d");
            context.drawImage(bitmap, 0, 0);
            return [[...context.getImageData(0, 0, 6, 2).data].filter((_, i) => i % 4 === 3).join(" ")];
            """);

        Assert.Equal(["0 0 0 255 255 255 0 0 0 255 255 255"], rows);
    }

    private async Task<string[]> Run(string script)
    {
        await using var studio = await browser.OpenModulesAsync(service);
        return await studio.Call<string[]>("mask-pixels.js", $"async ({{ MaskPixels }}) => {{ {Rows} {script} }}");
    }
}
