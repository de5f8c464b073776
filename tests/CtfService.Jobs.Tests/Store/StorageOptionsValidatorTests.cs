using CtfService.Jobs.Store;

namespace CtfService.Jobs.Tests.Store;

public sealed class StorageOptionsValidatorTests
{
    private static readonly StorageOptions Amazon = new() { S3Bucket = "ctf-jobs", S3Region = "eu-central-1" };

    public static TheoryData<StorageOptions, string> Wrong => new()
    {
        { new StorageOptions { S3Bucket = "ctf-jobs" }, "Storage:S3Region and Storage:S3ServiceUrl are empty" },
        { new StorageOptions { S3Region = "eu-central-1" }, "Storage:S3Bucket is empty" },
        { new StorageOptions { S3ServiceUrl = "http://minio:9000" }, "Storage:S3Bucket is empty" },
        { Amazon with { S3AccessKeyId = "id" }, "Storage:S3SecretAccessKey is empty" },
        { Amazon with { S3SecretAccessKey = "secret" }, "Storage:S3AccessKeyId is empty" },
        { Amazon with { S3Bucket = "No" }, "Storage:S3Bucket is 'No'" },
        { Amazon with { S3Prefix = "ctf" }, "Storage:S3Prefix is 'ctf'" },
        { Amazon with { S3Prefix = "../" }, "Storage:S3Prefix is '../'" },
        { Amazon with { S3ServiceUrl = "minio:9000" }, "Storage:S3ServiceUrl is no address" },
        { Amazon with { S3ServiceUrl = "http://a:secret@minio:9000" }, "without credentials" },
        { Amazon with { S3ServiceUrl = "http://s3.eu-central-1.amazonaws.com" }, "expected https" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Validate_OptionsThatDoNotFit_NamesTheProblemWithoutTheSecret(StorageOptions options, string expected)
    {
        var result = new StorageOptionsValidator().Validate(name: null, options);

        var message = Assert.Single(result.Failures!);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("a:secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_OptionsThatFit_Succeeds()
    {
        var validator = new StorageOptionsValidator();

        Assert.True(validator.Validate(name: null, new StorageOptions()).Succeeded);
        Assert.True(validator.Validate(name: null, Amazon with { S3Prefix = "ctf/jobs/", S3AccessKeyId = "id", S3SecretAccessKey = "secret" }).Succeeded);
        Assert.True(validator.Validate(name: null, new StorageOptions { S3Bucket = "ctf-jobs", S3ServiceUrl = "http://minio:9000" }).Succeeded);
    }
}
