using System.Runtime.CompilerServices;
using CtfService.TestSupport;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Tests.Data.Files;

public sealed class FileIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sort_NamesAcrossFolders_OrdersThemAsPaths()
    {
        string[] names = ["a/b/x.png", "a/b.png", "a-b/y.png", "ä/z.png", "a/é.png", "Z/q.png", "a/\U0001F34E.png", "a/\uFF41.png"];
        var index = new FileIndex();
        foreach (var (number, name) in names.Index())
        {
            Add(index, name, number);
        }

        index.Sort();

        Assert.Equal(names.Order(StringComparer.Ordinal), Enumerable.Range(0, index.Count).Select(index.Name));
        Assert.All(Enumerable.Range(0, index.Count), place => Assert.Equal(names[index.Label(place)], index.Name(place)));
    }

    [Fact]
    public void Name_DecomposedName_IsComposedAndStillOpensItsFile()
    {
        StoredFile("e\u0301.png", [1, 2, 3]);
        var index = new FileIndex();
        index.Add("fruit/", DiskTree.OpenFile(_folder.File("e\u0301.png")), 0);

        Assert.Equal("fruit/\u00e9.png", index.Name(0));
        Assert.Equal([2, 3], index.File(0).ReadAt(1, 2));
    }

    [Fact]
    public void Add_AnotherIndex_KeepsNamesLabelsAndContent()
    {
        StoredFile("holder.tar", [.. Enumerable.Range(0, 100).Select(value => (byte)value)]);
        var (first, second) = (new FileIndex(), new FileIndex());
        foreach (var start in (int[])[10, 20])
        {
            second.Add($"set/{start}/", TreeFile.At("x.png", new FilePlace(_folder.File("holder.tar"), start), 3), start);
        }

        Add(first, "set/a.png", 1);
        first.Add(second);

        Assert.Equal(["set/a.png", "set/10/x.png", "set/20/x.png"], Enumerable.Range(0, 3).Select(first.Name));
        Assert.Equal([20, 21, 22], first.File(2).ReadAt(0, 3));
        Assert.Equal(20, first.Label(2));
    }

    [Fact]
    public void Add_ManyFiles_NeedsFewBytesEach()
    {
        const int Count = 200_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = Fill(Count);

        var bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / Count;

        Assert.InRange(bytes, 1, 100); // lists have room for twice their items
        GC.KeepAlive(index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static FileIndex Fill(int count)
    {
        var index = new FileIndex();
        for (var image = 0; image < count; image++)
        {
            Add(index, $"train/n{image / 1300:D8}/n{image / 1300:D8}_{image}.JPEG", image);
        }

        return index;
    }

    private static void Add(FileIndex index, string name, int label)
    {
        var cut = name.LastIndexOf('/') + 1;
        index.Add(name[..cut], TreeFile.At(name[cut..], new FilePlace($"/data/{name}", 0), 5), label);
    }

    private void StoredFile(string name, byte[] content) => File.WriteAllBytes(_folder.File(name), content);
}
