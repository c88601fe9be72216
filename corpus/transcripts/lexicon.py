"""Plain: words by which a name before a colon is told from the beginning of a sentence."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# family names of one character, simplified and traditional
SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛"
    "奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍"
    "余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席"
    "季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪干解应宗丁宣邓"
    "郁单杭洪包诸左石崔吉龚程邢裴陆荣翁荀甄曲家封储靳段富巫乌焦巴牧谷车侯宓蓬全班仰秋仲伊宫宁"
    "仇栾甘厉武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲邰从鄂索赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡"
    "劳姬申扶堵冉宰郦雍璩桑桂牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习艾鱼容向古易慎戈廖"
    "庾终暨居衡步都耿满弘匡国文寇广禄阙东殴沃利蔚越隆师巩聂晁勾敖融冷辛阚那简饶空曾沙乜养鞠须"
    "丰巢关蒯相查后荆红游竺权逯盖益桓公仝肖佟覃涂麦谌苟闫佘占阳付海缑帅练楚原代展隗粟辜檀靖邸"
    "趙錢孫鄭馮陳衛蔣韓楊許呂張嚴華謝鄒蘇葉馬鳳魯韋紀羅畢鄔時齊顧黃蕭貝計談龐項閔婁顏鍾駱萬盧"
    "繆應鄧單諸龔陸榮儲車寧劉龍賴喬聞黨譚貢勞莊連閻習魚終關遊權蓋塗麥聶簡饒鞏遲歐陽吳芮刑"
)

# family names of two characters
DOUBLE = frozenset(
    _words("""
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳
    公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙
    壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 呼延 东郭 羊舌 公户 梁丘
    左丘 纳兰 完颜 叶赫 爱新 歐陽 司馬 東方 獨孤 諸葛 公孫 長孫 鍾離 軒轅
    """)
)

# common words that begin as a name does
NO_NAMES = frozenset(
    _words("""
    任务 任何 任意 任职 任命 任期 任由 方法 方案 方向 方便 方面 方式 方针 方才 高度 高兴 高考 高级
    高达 高潮 高手 金额 金钱 金属 金融 金牌 金色 白天 白色 白酒 白话 万一 万分 万岁 万事 万元 何时
    何地 何况 何必 何以 何人 何处 何事 马上 马路 马车 马虎 马桶 石头 石油 钱包 钱数 常见 常用 常识
    常言 常规 常常 武器 武术 武力 文件 文章 文字 文化 文明 文本 文学 文案 文科 余额 余下 余地 余款
    余生 程序 程度 程式 田里 田野 夏天 夏季 夏至 钟头 钟点 雷声 雷雨 温度 温馨 温柔 温暖 安全 安排
    安静 安装 安慰 管理 管道 管子 管用 路线 路上 路程 路口 路径 路况 米饭 关键 关于 关系 关注 关心
    关门 关机 关闭 关联 于是 于此 时间 时候 时刻 时长 时代 时期 时常 时速 时薪 时限 成绩 成本 成果
    成立 成功 成员 成分 成语 成交 成年 平时 平均 平常 平台 平安 平面 平局 水果 水平 水温 水电 水源
    水费 周一 周二 周三 周四 周五 周六 周日 周末 周天 周边 周围 周期 周年 周岁 周长 周报 张口 张贴
    张开 张望 黄金 黄色 黄河 黄昏 黄瓜 林业 林地 林区 孙子 孙女 胡说 胡子 胡同 胡来 朱红 谢谢 谢意
    谢绝 谢幕 谢礼 许多 许可 许久 许愿 许诺 曾经 曾说 曾孙 苏州 苏打 苏联 江南 江苏 江湖 江西 江水
    丁字 叶子 叶片 夏令 汪汪 姜汤 范围 范例 范文 范本 陆续 陆地 陆军 毛病 毛利 毛笔 毛巾 毛衣 毛重
    秦朝 顾客 顾问 顾虑 龙头 龙虾 段落 段子 雷达 汤水 汤面 汤料 黎明 易错 易拉罐 庞大 施工 施行
    施肥 洪水 颜色 颜料 颜值 严重 严格 严肃 严禁 牛奶 牛肉 牛排 季度 季节 章节 章程 申请 申明 申报
    申诉 尤其 毕业 毕竟 毕生 焦点 焦虑 焦距 岳父 岳母 齐全 齐声 沿途 梅雨 梅花 莫非 莫名 庄稼 庄园
    辛苦 辛辣 祝福 祝愿 祝贺 祝你 祝您 祝大家 左边 左右 左侧 左手 左面 谷物 谷歌 舒服 舒适 卜算
    苗条 凌晨 费用 费时 费率 纪念 纪录 纪律 纪要 盛大 盛世 童年 童话 项目 项链 曲目 曲线 曲名 游戏
    游客 游泳 游览 阳光 阳历 阳台 席位 卫生 卫星 查询 查看 查找 查收 屈服 位置 位于 景点 景色 景区
    单价 单位 单词 单元 单身 单独 单号 单据 包括 包含 包装 包裹 包邮 包子 司机 司令 司法 宁可 宁愿
    解释 解决 解答 解析 解说 解法 解说词 解药 强调 强度 强制 强烈 华语 华人 车站 车票 车次 车号
    车牌 车型 车速 房子 房间 房价 房租 房号 房东 边上 边界 原因 原来 原文 原价 原则 原理 原版 原料
    原名 元旦 元素 元宵 公司 公式 公布 公告 公开 公里 公元 公共 公历 公交 东西 东边 东面 东部 和平
    和谐 明天 明年 明显 明确 明细 明白 明日 明早 明晚 计划 计算 计时 计价 计费 利率 利润 利息 利益
    利弊 家庭 家长 家人 家乡 家属 家住 全部 全文 全家 全程 全员 全场 全长 全称 全国 能力 能量 能否
    能源 相关 相反 相比 相信 相对 相同 后来 后果 后面 后天 后记 后续 双方 双击 双人 双号 通知 通常
    通过 通报 通话 通告 通用 红色 红队 红包 红灯 红酒 花费 花名 花絮 花钱 云端 乐队 乐器 乐曲 应该
    应用 应急 应付 应聘 应答 管家 古代 古人 古语 古诗 向上 向前 向导 国家 国籍 国内 国外 国际 国号
    广告 广播 广义 文艺 师傅 师父 师生 师资 连接 连线 连续 连载 简单 简介 简称 简历 简直 简言之
    空间 空气 空调 空格 养生 养老 须知 须要 丰富 居民 居然 居住 步骤 步行 步数 都是 都有 都说 满意
    满分 满足 代表 代码 代价 代号 代替 海关 海拔 海报 海外 帅哥 展示 展开 展览 展望 练习 练功 原声
    支持 支付 支出 支票 干什么 干嘛 干杯 干货 冷静 冷知识 冷水 池塘 索引 索要 别人 别说 别名
    别忘了 别急 别怕 别动 别走 别的 温馨提示 诸位 诸如 诸君 宣布 宣传 宣言 富人 贺词 贺电 贺卡
    有人 有关 党员 党章 终于 终点 终身 越南 越来越 相片 相声 相机 权利 权限 权力 权重 盖章 益处
    秋天 秋季 秋分 印象 印章 印刷 仰望 巴士 巴黎 勾股 师者 时下 那么 那些 那个 那边 那是 那里 那时
    那天 那就 那好 那你 那我 从前 从此 从小 从来 从容 双数 古董 万能 万物 钱款 高中 高铁 高速 高档
    高峰 高温 高价 白纸 石家庄 石榴 马来 马克 马年 金币 金句 金奖 金价 金华 江山 史实 史料 史书
    常熟 常州 常任 安徽 安检 康复 康熙 林间 梁山 杜绝 宋朝 唐朝 唐诗 元朝 明朝 清朝 汉朝 隋朝 晋朝
    魏晋 秦汉 吴语 鲁菜 温州 杭州 郑州 徐州 柳州 贺州 荆州 沈阳 安阳 洛阳 贵阳 应对 应有 祝酒词
    常委 单选 单选题 解题 成色 平方 平米 章回 季军 冠军 亚军 高音 于今 时而 时差 时事 时尚 何如
    方圆 方言 方程 包厢 申论 尤为 水印 水位 水量 文献 文凭 文具 白领 牛年 龙年 钟表 金库 孔雀 孔洞
    范畴 童声 费心 金黄 易懂 单打 双打 混双 高低 宽高 万里 路费 路牌 车程 车费 房款 江边 石块 苗头
    牧场 童装 梅子 林子 胡椒 胡萝卜 姜片 蒜末 葱花 葛根 米粉 米酒 汤圆 麦片 鱼类 鱼香 牛腩 花椒
    花生 水饺 包菜 白菜 白糖 白醋 黄酒 黄油 黄豆 红糖 温水 冷饮 别称 巩固 隆重 贡献 劳动 劳务 劳驾
    谈判 谈话 谈到 谈谈 应届 相当 习惯 习题 习俗 易错点 充值 充电 充分 容易 容量 古今 慎重 衡量
    耿直 弘扬 寇 广州 禄 沃 利用 利好 蔚来 越野 融资 融合 冷冻 辛亥 简体 简评 饶恕 空白 空闲
    曾用名 沙发 沙漠 养成 鞠躬 须 丰收 巢 关头 相册 查证 后者 后台 后缀 红人 红字 游记 竺 权威 逯
    盖子 益智 桓 公平 公证 公益
    """)
)

# what a sentence begins with, and headings
STARTS = _words("""
    他 她 它 我 你 您 咱 俺 这 哪 谁 其 但 而且 而是 所以 因为 因此 如果 虽然 不 没 很 就 也 还 又
    再 只 才 真 太 最 更 请 让 把 被 给 对 跟 在 到 到了 从 为 为了 当 等 比 比如 例如 譬如 正如
    诸如 如下 如 即 也就是 就是 是 有 要 会 可 可是 可以 可能 能 想 说 问 答 叫 喊 看 听 记 记住
    注意 小心 当心 警告 提示 提醒 备注 附注 注 按 第 首先 其次 再次 最后 总之 综上 另外 此外 同时
    然后 接着 于是 结果 结论 原因 理由 问题 答案 答复 题目 标题 主题 副标题 关键 重点 要点 特点
    优点 缺点 好处 坏处 区别 时间 地点 地址 人物 电话 手机 邮箱 网址 链接 微信 价格 价钱 数量 总数
    共计 合计 总计 总价 日期 年龄 性别 姓名 名字 身份 职业 单位 部门 编号 密码 账号 用户名 目的
    目标 意思 意义 定义 解释 说明 内容 材料 原料 配料 步骤 做法 方法 规则 要求 条件 建议 意见 看法
    观点 想法 感觉 感受 心得 总结 小结 摘要 前言 序 目录 附件 附录 来源 出处 作者 编剧 导演 主演
    监制 制片 摄影 剪辑 字幕 翻译 校对 时间轴 压制 后期 译 出品 片名 又名 类型 比分 得分 分数 成绩
    概率 比例 温度 湿度 天气 今天 明天 昨天 昨晚 今晚 明晚 早上 上午 中午 下午 晚上 凌晨 现在 刚才
    以前 以后 之前 之后 上半场 下半场 上集 下集 本集 上回 下回 本期 第一 第二 第三 一是 二是 三是
    其一 其二 甲方 乙方 一 二 三 四 五 六 七 八 九 十 两 几 每 各 某 全 于 所谓 换句话说 也就是说
    简单来说 总的来说 一句话 一个 事实 其实 实际 显然 显示 表示 认为 觉得 发现 知道 告诉 写道 关于
    根据 通过 随着 除了 包括 包含 分别 主要 一般 通常 特别 尤其 还有 只有 没有 所有 大概 大约 大小
    大写 小写 大型 小时 小区 小计 小学 小说 老是 老实 老婆饼 火车 飞机 汽车 地铁 航班 车次 早餐
    午餐 晚餐 早饭 午饭 晚饭 菜单 主食 口号 标语 暗号 谜底 谜面 上联 下联 横批 歌名 歌词 台词 画面
    镜头 场景 背景 音乐 音效 字幕组 制作 版权 声明 免责 真相 秘密 道理 俗话 古话 老话 谚语 成语
    名言 诗 曰 按语 附 新闻 消息 快讯 报道 公告 通知 启事 报价 起价 原价 现价 心想 暗想 只见 只听
    忽然 突然 这时 此时 那时 否则 不然 要不 要么 或者 还是 与其 宁可 除非 只要 无论 不管 尽管 哈哈
    嘿嘿 呵呵 唉 哎 啊 嗯 哦 喔 噢 喂 嗨 嘿 哇 呀 咦 呃 额 好的 好吧 对了 是的 行 好
""")

# of these, what counts only where nothing follows
STARTS_EXACT = frozenset(
    _words("""
    他 她 它 我 你 您 序 诗 附 又 行 好 曰 译 注 要 会 可 能 想 说 问 答 叫 喊 看 听 记 按
    """)
)

# what the words before a colon end in where they are no name
ENDS = _words("""
    说 说道 说过 问道 答道 喊道 叫道 笑道 叹道 骂道 写道 知道 想道 回答 回答说 表示 认为 觉得 指出
    强调 告诉我 告诉 问我 问他 问她 喊着 是 的 了 吗 呢 吧 啊 呀 着 过 得 地 如下 为例 而言 来说
    来讲 而已 就是 不是 还是 只是 总是 都是 便是 为 叫 问 想 时间 地点 问题 答案 结果 原因 方法
    例子 意思 名单 号码 电话 地址 价格 大胜 比分 之一 以下 以上 之前 之后 时候 一下 一句 一点 起来
    下来 出来 过来 说法 看法 内容 标题 目录 步骤 要求 提示 说明 到 在 给 对 跟 被 把 和 与 或 及
""")

# of these, what a given name may end in
NAME_ENDS = frozenset(
    _words("""
    是 为 得 过 地 到 给 对 和 与 及 想 在
    """)
)

# people by what they are to others, or what they do
ROLES = _words("""
    妈妈 爸爸 爷爷 奶奶 姥姥 姥爷 外公 外婆 哥哥 姐姐 弟弟 妹妹 叔叔 阿姨 舅舅 舅妈 姑姑 姑妈 姨妈
    伯伯 伯母 婶婶 嫂子 岳父 岳母 公公 婆婆 父亲 母亲 爸 妈 爹 娘 儿子 女儿 孙子 孙女 丈夫 妻子
    老公 老婆 老伴 男友 女友 男朋友 女朋友 老师 学生 同学 同事 班长 校长 教授 博士 院长 医生 大夫
    护士 护士长 病人 患者 家属 经理 总经理 老板 老板娘 主任 秘书 助理 董事长 总裁 总监 局长 市长
    县长 镇长 村长 省长 书记 部长 处长 科长 组长 队长 厂长 店长 船长 机长 团长 连长 排长 司令 将军
    上校 中尉 士兵 战士 警察 警官 民警 法官 律师 检察官 被告 原告 证人 记者 编辑 主持人 主持 主播
    嘉宾 评委 裁判 教练 观众 旁白 画外音 解说 解说员 独白 众人 众 大家 全体 齐声 男 女 男人 女人
    男孩 女孩 男声 女声 童声 男生 女生 男子 女子 孩子 小孩 老人 老头 老太太 老大爷 大爷 大妈 大叔
    大娘 大哥 大姐 大嫂 小伙 姑娘 小姐 先生 女士 太太 夫人 师傅 师父 徒弟 师兄 师姐 师弟 师妹 路人
    行人 邻居 房东 店员 服务员 服务生 售货员 收银员 司机 乘客 顾客 客人 客户 客服 用户 采访者
    受访者 访谈者 访员 被试 主试 咨询师 来访者 治疗师 发言人 说话人 讲话人 演讲者 翻译 导游 游客
    保安 保姆 管家 快递员 外卖员 工人 农民 厨师 理发师 模特 演员 歌手 导演 皇上 皇后 皇帝 太后
    太子 公主 王爷 娘娘 贵妃 太监 丫鬟 丫环 奴婢 臣 大臣 丞相 和尚 道士 师太 方丈 甲 乙 丙 丁 角色
    机器人 语音 广播 系统 助手 甲方 乙方 同伴 朋友 闺蜜 室友 上司 下属 面试官 求职者 应聘者 主考官
    考生 歹徒 劫匪 小偷 凶手 警员 陪审员 媽媽 爺爺 姊姊 老師 學生 醫生 護士 經理 老闆 記者 男聲
    女聲 眾人 說話人 爸媽 母親 父親 兒子 女兒
""")

# what follows a family name
TITLES = _words("""
    总 哥 姐 叔 姨 婶 伯 爷 奶 妈 爸 嫂 师 工 导 局 处 队 董 少 氏 老 总监 老师 医生 经理 先生
    女士 小姐
""")

# common words that begin like `小李`
SHORT_NO = frozenset(
    _words("""
    小心 小时 小结 小计 小区 小数 小学 小说 小声 小吃 小费 小写 小型 小雨 小雪 小暑 小寒 小满 老是
    老实 老家 老式 老化 阿里 大概 大约 大小 大写 大型 大声 大雨 大雪 大暑 大寒 大家 大全 大纲 大意
    大致 大于 小于 小组 小节 小题 大题 小贴士 大赛
    """)
)

# lower-case words that are in no name of a speaker
LATIN_STOP = frozenset(
    _words("""
    ps p.s p.p.s nb n.b note notes warning caution attention tip tips hint todo fyi re fw fwd cc
    bcc subject date time place location address phone email mail website url link example
    examples answer answers question questions result results conclusion summary abstract
    introduction step steps chapter episode part section scene act title rule rules point points
    reason reasons problem problems solution solutions first second third fourth fifth firstly
    secondly finally last next lastly remember look listen wait so and but or well ok okay yes no
    oh ah hey hi hello here there this that these those is are was were be it its i i'm you your
    he she we they my his her our their a an the as in on at for from to of by with without what
    why how which who whom whose when where if because since while then than one two three four
    five six seven eight nine ten number no. follows following above below i.e e.g ie eg etc via
    vs version update breaking live news today tomorrow yesterday monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september
    october november december breakfast lunch dinner menu price cost total sum score goal goals
    aim purpose topic theme definition meaning translation subtitles subtitle synced corrected
    edited produced directed written starring music lyrics song copyright source sources author
    reference references figure table page line lines name names age gender sex height weight pros
    cons plan plans fact facts truth secret idea good bad new old big important spoiler alert
    disclaimer error exception usage options option default input output http https ftp www plus
    minus again also still just only all's let let's now not never always maybe perhaps please
    thanks thank sorry welcome dear
    """)
)

# lower-case given names, and Chinese syllables of names
FIRST_NAMES = frozenset(
    _words("""
    james john robert michael william david richard joseph thomas charles christopher daniel
    matthew anthony mark donald steven paul andrew joshua kenneth kevin brian george edward ronald
    timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott
    brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron
    jose adam nathan henry douglas zachary peter kyle ethan walter noah jeremy christian keith
    roger terry austin sean gerald carl harold dylan arthur lawrence jordan jesse bryan billy
    bruce gabriel joe logan alan juan albert willie elijah wayne randy roy vincent ralph eugene
    russell bobby mason philip louis harry tom bob bill jim mike dave dan steve matt chris ben sam
    alex max leo oscar charlie ross chandler joey barney ted marshall sheldon leonard howard raj
    ron hal fred simon martin mary patricia jennifer linda elizabeth barbara susan jessica sarah
    karen lisa nancy betty margaret sandra ashley kimberly emily donna michelle carol amanda
    dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley
    anna brenda pamela emma nicole helen samantha katherine christine debra rachel carolyn janet
    catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren christina
    joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara madison
    frances kathryn janice jean abigail alice judy sophia grace denise amber doris marilyn
    danielle beverly isabella theresa diana natalie brittany charlotte marie kayla alexis lori
    jane lucy kate anne monica phoebe robin lily penny bernadette sue liz beth jenny ellen eva
    rose ella mia zoe chloe claire julia sally molly annie maggie peggy betsy wendy cathy tina
    tracy vicky iris ivy jade kim lee wang li zhang liu chen yang zhao huang zhou wu xu sun ma zhu
    hu guo he lin gao luo zheng liang xie song tang han feng deng cao peng zeng xiao tian dong pan
    yuan cai jiang yu du ye cheng wei su lu ding ren shen yao zhong cui tan lei mei hua ming hong
    jun jing
    """)
)

# common words of one character said twice, which are no pet names
TWICE = frozenset(
    _words("""
    谢谢 哈哈 呵呵 嘿嘿 嘻嘻 呜呜 天天 常常 刚刚 看看 慢慢 渐渐 偏偏 往往 仅仅 星星 人人 事事
    处处 年年 月月 想想 听听 试试 说说 走走 等等 好好 早早 多多 少少 大大 小小 远远 轻轻 静静
    默默 悄悄 快快 样样 件件 个个 家家 时时 日日 夜夜 步步 层层 种种 每每 久久 恰恰 明明 通通
    统统 足足 整整 单单 独独 暗暗 白白 喂喂 嗯嗯 对对 是是 不不 来来 去去 行行 谁谁 某某 拜拜
    汪汪 喵喵 咚咚 滴滴 叮叮 砰砰 啪啪 咯咯 哇哇 噢噢 哦哦 嗨嗨
    """)
)
