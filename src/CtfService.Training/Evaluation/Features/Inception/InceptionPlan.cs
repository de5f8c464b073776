namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>
/// Architecture of Inception-v3 (Szegedy et al. 2016) as in TensorFlow's graph of 2015-12-05, which defines FID. The names are those of torchvision's module,
/// because pytorch-fid converted the weights for it. Sources: pytorch-fid's inception.py (1232cd6) and torchvision's inception.py (02a0a90). The graph differs
/// from torchvision's Inception-v3 in three points: average pooling excludes padding, the last block uses maximum pooling, and there are 1008 classes.
/// </summary>
internal static class InceptionPlan
{
    public const int ImageSide = 299;

    /// <summary>The unit whose first channels are the features of sFID: <c>mixed_6/conv</c> of the graph, the fourth block of 17x17.</summary>
    public const string SpatialBlock = "Mixed_6d";

    public const string SpatialUnit = "branch1x1";

    /// <summary>Channels that ADM's evaluation uses: 7 of 192.</summary>
    public const int SpatialChannels = 7;

    /// <summary>Height and width of the spatial features.</summary>
    public const int SpatialSide = 17;

    public const int PooledWidth = 2048;
    public const int Classes = 1008;

    /// <summary>Units before the first maximum pooling: 299 to 147.</summary>
    public static IReadOnlyList<UnitPlan> FirstStem { get; } =
    [
        new("Conv2d_1a_3x3", 32, 3, 3, Stride: 2, Padded: false),
        new("Conv2d_2a_3x3", 32, 3, 3, Padded: false),
        new("Conv2d_2b_3x3", 64, 3, 3),
    ];

    /// <summary>Units before the second maximum pooling: 73 to 71.</summary>
    public static IReadOnlyList<UnitPlan> SecondStem { get; } =
    [
        new("Conv2d_3b_1x1", 80),
        new("Conv2d_4a_3x3", 192, 3, 3, Padded: false),
    ];

    public static IReadOnlyList<BlockPlan> Blocks { get; } =
    [
        Wide35("Mixed_5b", pooled: 32),
        Wide35("Mixed_5c", pooled: 64),
        Wide35("Mixed_5d", pooled: 64),
        To17("Mixed_6a"),
        Wide17("Mixed_6b", inner: 128),
        Wide17("Mixed_6c", inner: 160),
        Wide17("Mixed_6d", inner: 160),
        Wide17("Mixed_6e", inner: 192),
        To8("Mixed_7a"),
        Wide8("Mixed_7b", BlockPooling.Average),
        Wide8("Mixed_7c", BlockPooling.Maximum),
    ];

    private static BlockPlan Wide35(string name, int pooled) => new(
        name,
        [
            new(new UnitPlan("branch1x1", 64)),
            new(new UnitPlan("branch5x5_1", 48), new UnitPlan("branch5x5_2", 64, 5, 5)),
            new(new UnitPlan("branch3x3dbl_1", 64), new UnitPlan("branch3x3dbl_2", 96, 3, 3), new UnitPlan("branch3x3dbl_3", 96, 3, 3)),
        ],
        BlockPooling.Average,
        new UnitPlan("branch_pool", pooled));

    private static BlockPlan To17(string name) => new(
        name,
        [
            new(new UnitPlan("branch3x3", 384, 3, 3, Stride: 2, Padded: false)),
            new(
                new UnitPlan("branch3x3dbl_1", 64),
                new UnitPlan("branch3x3dbl_2", 96, 3, 3),
                new UnitPlan("branch3x3dbl_3", 96, 3, 3, Stride: 2, Padded: false)),
        ],
        BlockPooling.Halving,
        PoolUnit: null);

    /// <summary>Returns a block whose 7x7 kernels are factorised into 1x7 and 7x1.</summary>
    private static BlockPlan Wide17(string name, int inner) => new(
        name,
        [
            new(new UnitPlan("branch1x1", 192)),
            new(new UnitPlan("branch7x7_1", inner), new UnitPlan("branch7x7_2", inner, 1, 7), new UnitPlan("branch7x7_3", 192, 7, 1)),
            new(
                new UnitPlan("branch7x7dbl_1", inner),
                new UnitPlan("branch7x7dbl_2", inner, 7, 1),
                new UnitPlan("branch7x7dbl_3", inner, 1, 7),
                new UnitPlan("branch7x7dbl_4", inner, 7, 1),
                new UnitPlan("branch7x7dbl_5", 192, 1, 7)),
        ],
        BlockPooling.Average,
        new UnitPlan("branch_pool", 192));

    private static BlockPlan To8(string name) => new(
        name,
        [
            new(new UnitPlan("branch3x3_1", 192), new UnitPlan("branch3x3_2", 320, 3, 3, Stride: 2, Padded: false)),
            new(
                new UnitPlan("branch7x7x3_1", 192),
                new UnitPlan("branch7x7x3_2", 192, 1, 7),
                new UnitPlan("branch7x7x3_3", 192, 7, 1),
                new UnitPlan("branch7x7x3_4", 192, 3, 3, Stride: 2, Padded: false)),
        ],
        BlockPooling.Halving,
        PoolUnit: null);

    private static BlockPlan Wide8(string name, BlockPooling pooling) => new(
        name,
        [
            new(new UnitPlan("branch1x1", 320)),
            new([new UnitPlan("branch3x3_1", 384)], [new UnitPlan("branch3x3_2a", 384, 1, 3), new UnitPlan("branch3x3_2b", 384, 3, 1)]),
            new(
                [new UnitPlan("branch3x3dbl_1", 448), new UnitPlan("branch3x3dbl_2", 384, 3, 3)],
                [new UnitPlan("branch3x3dbl_3a", 384, 1, 3), new UnitPlan("branch3x3dbl_3b", 384, 3, 1)]),
        ],
        pooling,
        new UnitPlan("branch_pool", 192));
}
